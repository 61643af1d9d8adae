// SPDX-License-Identifier: GPL-2.0-or-later
/* resume: its command line. The verb is not in the library yet, so options are checked and then refused as a whole. */
#include "cli/command.h"

const struct command command_resume = {
    .name = "resume",
    .operands = "ID",
    .summary = "resume all processes of a container",
    .n_min = 1,
    .n_max = 1,
};
