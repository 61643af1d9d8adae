// SPDX-License-Identifier: GPL-2.0-or-later
/* mounts: add mounts to a running container, and remove them again. */
#include <errno.h>
#include <string.h>

#include "cli/command.h"
#include "cli/failure.h"

static int mounts_run(struct program *program, struct crun_error *err)
{
    char **words = program->operands;

    if (strcmp(words[0], "add") == 0)
        return crun_mounts_add(program->context, words[1], words[2], err);
    if (strcmp(words[0], "remove") == 0)
        return crun_mounts_remove(program->context, words[1], words[2], err);
    return failure_set(err, -EINVAL, "mounts: expected \"add\" or \"remove\", found \"%s\"", words[0]);
}

const struct command command_mounts = {
    .name = "mounts",
    .operands = "add|remove ID FILE",
    .summary = "change the mounts of a running container",
    .description =
        "FILE (-: standard input) holds a JSON array of mounts as in config.json. They are added all, or none of\n"
        "them. What is removed are mounts that \"add\" has made, found by their \"destination\" alone.",
    .n_min = 3,
    .n_max = 3,
    .run = mounts_run,
};
