// SPDX-License-Identifier: GPL-2.0-or-later
/* checkpoint: write the processes of a container to files. */
#include "cli/command.h"
#include "cli/checkpoint.h"

static const struct option options[] = {
    CHECKPOINT_OPTIONS,
};

static int checkpoint_run(struct program *program, struct crun_error *err)
{
    return crun_checkpoint(program->context, program->operands[0], program->values, err);
}

const struct command command_checkpoint = {
    .name = "checkpoint",
    .operands = "ID",
    .summary = "write the state of a running container to files",
    .description = "CRIU does the work. The container is stopped by it, and kept until it is deleted.",
    COMMAND_OPTIONS(options),
    COMMAND_VALUES(struct crun_checkpoint_options),
    .n_min = 1,
    .n_max = 1,
    .run = checkpoint_run,
};
