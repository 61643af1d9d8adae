// SPDX-License-Identifier: GPL-2.0-or-later
/* events: its command line. The verb is not in the library yet, so options are checked and then refused as a whole. */
#include "cli/command.h"

static const struct option options[] = {
    {"stats",     0, OPTION_FLAG,   0, NULL,   "print the statistics once"                },
    { "interval", 0, OPTION_STRING, 0, "TIME", "time between two statistics (default: 5s)"},
};

const struct command command_events = {
    .name = "events",
    .operands = "ID",
    .summary = "print events and statistics of a container as JSON lines",
    COMMAND_OPTIONS(options),
    .n_min = 1,
    .n_max = 1,
};
