// SPDX-License-Identifier: GPL-2.0-or-later
/* version: what --version prints. */
#include "cli/command.h"
#include "cli/help.h"

static int version_run(struct program *program, struct crun_error *err)
{
    help_version(program);
    return 0;
}

const struct command command_version = {
    .name = "version",
    .operands = "",
    .summary = "show the version",
    .n_min = 0,
    .n_max = 0,
    .run = version_run,
};
