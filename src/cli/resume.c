// SPDX-License-Identifier: GPL-2.0-or-later
/* resume: let the processes of a paused container go on. */
#include "cli/command.h"

static int resume_run(struct program *program, struct crun_error *err)
{
    return crun_resume(program->context, program->operands[0], err);
}

const struct command command_resume = {
    .name = "resume",
    .operands = "ID",
    .summary = "let the processes of a paused container go on",
    .n_min = 1,
    .n_max = 1,
    .run = resume_run,
};
