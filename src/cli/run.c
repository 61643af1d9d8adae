// SPDX-License-Identifier: GPL-2.0-or-later
/* run: create and start a container; in the foreground wait for it and end as its process did. */
#include "cli/command.h"
#include "cli/create.h"

static const struct option options[] = {
    CREATE_OPTIONS_BUNDLE,
    {"detach",        'd', OPTION_FLAG, CREATE_AT(detach),       NULL, "do not wait for the container's end"          },
    { "keep",         0,   OPTION_FLAG, CREATE_AT(keep),         NULL, "do not delete the container when it has ended"},
    { "no-subreaper", 0,   OPTION_FLAG, CREATE_AT(no_subreaper), NULL, "do not reap orphans of the container"         },
    CREATE_OPTIONS_LAUNCH,
};

static int run_run(struct program *program, struct crun_error *err)
{
    int status = 0;
    int r = crun_run(program->context, program->operands[0], program->values, &status, err);

    if (r < 0 && status > 0)
        program->failure = status;
    return r < 0 ? r : status;
}

const struct command command_run = {
    .name = "run",
    .operands = "ID",
    .summary = "create and start a container",
    .description = "In the foreground signals are forwarded, and the exit status is that of the container's process.",
    COMMAND_OPTIONS(options),
    COMMAND_VALUES(struct crun_create_options),
    .n_min = 1,
    .n_max = 1,
    .run = run_run,
};
