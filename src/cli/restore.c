// SPDX-License-Identifier: GPL-2.0-or-later
/* restore: its command line. The verb is not in the library yet, so options are checked and then refused as a whole. */
#include "cli/command.h"
#include "cli/checkpoint.h"

static const struct option options[] = {
    CHECKPOINT_OPTIONS,
    {"bundle",             'b', OPTION_STRING, 0, "DIR",       "the bundle (default: the current directory)"},
    { "console-socket",    0,   OPTION_STRING, 0, "PATH",      "unix socket that gets the terminal"         },
    { "detach",            'd', OPTION_FLAG,   0, NULL,        "do not wait for the container's end"        },
    { "pid-file",          0,   OPTION_STRING, 0, "FILE",      "write the process id to FILE"               },
    { "no-pivot",          0,   OPTION_FLAG,   0, NULL,        "do not use pivot_root"                      },
    { "no-subreaper",      0,   OPTION_FLAG,   0, NULL,        "do not reap orphans of the container"       },
    { "lsm-profile",       0,   OPTION_STRING, 0, "TYPE:NAME", "security profile to restore with"           },
    { "lsm-mount-context", 0,   OPTION_STRING, 0, "CONTEXT",   "mount context to restore with"              },
};

const struct command command_restore = {
    .name = "restore",
    .operands = "ID",
    .summary = "make a container from a checkpoint",
    COMMAND_OPTIONS(options),
    .n_min = 1,
    .n_max = 1,
};
