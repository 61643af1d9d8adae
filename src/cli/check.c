// SPDX-License-Identifier: GPL-2.0-or-later
/* check: its command line. The verb is not in the library yet, so options are checked and then refused as a whole. */
#include "cli/command.h"

static const struct option options[] = {
    {"bundle",  'b', OPTION_STRING, 0, "DIR",  "the bundle (default: the current directory)"       },
    { "config", 'f', OPTION_STRING, 0, "FILE", "configuration (default: config.json of the bundle)"},
};

const struct command command_check = {
    .name = "check",
    .operands = "[ID]",
    .summary = "validate a bundle",
    COMMAND_OPTIONS(options),
    .n_min = 0,
    .n_max = 1,
};
