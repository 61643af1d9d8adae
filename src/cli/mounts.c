// SPDX-License-Identifier: GPL-2.0-or-later
/* mounts: its command line. The verb is not in the library yet, so options are checked and then refused as a whole. */
#include "cli/command.h"

const struct command command_mounts = {
    .name = "mounts",
    .operands = "add|remove ID FILE",
    .summary = "change the mounts of a running container",
    .description = "FILE holds an array of mounts as in config.json.",
    .n_min = 3,
    .n_max = 3,
};
