// SPDX-License-Identifier: GPL-2.0-or-later
/* pause: suspend all processes of a container. */
#include "cli/command.h"

static int pause_run(struct program *program, struct crun_error *err)
{
    return crun_pause(program->context, program->operands[0], err);
}

const struct command command_pause = {
    .name = "pause",
    .operands = "ID",
    .summary = "suspend all processes of a container",
    .n_min = 1,
    .n_max = 1,
    .run = pause_run,
};
