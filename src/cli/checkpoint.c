// SPDX-License-Identifier: GPL-2.0-or-later
/* checkpoint: its command line. The verb is not in the library yet, so options are checked and then refused as a whole. */
#include "cli/command.h"
#include "cli/checkpoint.h"

static const struct option options[] = {
    CHECKPOINT_OPTIONS,
};

const struct command command_checkpoint = {
    .name = "checkpoint",
    .operands = "ID",
    .summary = "write the state of a running container to files",
    COMMAND_OPTIONS(options),
    .n_min = 1,
    .n_max = 1,
};
