// SPDX-License-Identifier: GPL-2.0-or-later
/* state: the state document of a container. */
#include "cli/command.h"
#include "cli/output.h"

static int state_run(struct program *program, struct crun_error *err)
{
    char *text = NULL;
    int r = crun_state(program->context, program->operands[0], &text, err);

    if (r < 0)
        return r;
    output_take(text);
    return 0;
}

const struct command command_state = {
    .name = "state",
    .operands = "ID",
    .summary = "print the state of a container as JSON",
    .n_min = 1,
    .n_max = 1,
    .run = state_run,
};
