// SPDX-License-Identifier: GPL-2.0-or-later
/* start: execute the process of a created container. */
#include "cli/command.h"

static int start_run(struct program *program, struct crun_error *err)
{
    return crun_start(program->context, program->operands[0], err);
}

const struct command command_start = {
    .name = "start",
    .operands = "ID",
    .summary = "execute the process of a created container",
    .n_min = 1,
    .n_max = 1,
    .run = start_run,
};
