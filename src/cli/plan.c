// SPDX-License-Identifier: GPL-2.0-or-later
/* plan: print what a launch of the bundle would do, operation by operation, without doing it. */
#include "cli/command.h"
#include "cli/create.h"
#include "cli/output.h"

static const struct option options[] = {
    CREATE_OPTIONS_BUNDLE,
    {"detach", 'd', OPTION_FLAG, CREATE_AT(detach), NULL, "plan a detached run"},
    CREATE_OPTIONS_LAUNCH,
};

static int plan_run(struct program *program, struct crun_error *err)
{
    const char *id = program->n_operands > 0 ? program->operands[0] : "container";
    char *text = NULL;
    int r = crun_plan(program->context, id, program->values, &text, err);

    if (r < 0)
        return r;
    output_take(text);
    return 0;
}

const struct command command_plan = {
    .name = "plan",
    .operands = "[ID]",
    .summary = "print what a launch would do",
    .description = "Nothing is done, and no privileges are needed.",
    COMMAND_OPTIONS(options),
    COMMAND_VALUES(struct crun_create_options),
    .n_min = 0,
    .n_max = 1,
    .run = plan_run,
};
