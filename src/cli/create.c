// SPDX-License-Identifier: GPL-2.0-or-later
/* create: make a container, up to the point before its process is executed. */
#include "cli/command.h"
#include "cli/create.h"

static const struct option options[] = {
    CREATE_OPTIONS_BUNDLE,
    CREATE_OPTIONS_LAUNCH,
};

static int create_run(struct program *program, struct crun_error *err)
{
    return crun_create(program->context, program->operands[0], program->values, err);
}

const struct command command_create = {
    .name = "create",
    .operands = "ID",
    .summary = "create a container",
    .description = "Makes the container that the bundle's config.json describes. \"start\" executes its process.",
    COMMAND_OPTIONS(options),
    COMMAND_VALUES(struct crun_create_options),
    .n_min = 1,
    .n_max = 1,
    .run = create_run,
};
