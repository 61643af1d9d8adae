// SPDX-License-Identifier: GPL-2.0-or-later
/* update: its command line. The verb is not in the library yet, so options are checked and then refused as a whole. */
#include "cli/command.h"

static const struct option options[] = {
    {"resources",           'r', OPTION_STRING, 0, "FILE", "the resources as JSON (-: standard input)"       },
    { "blkio-weight",       0,   OPTION_STRING, 0, "N",    "weight of block I/O, 10 to 1000"                 },
    { "cpu-period",         0,   OPTION_STRING, 0, "USEC", "period of the CPU quota"                         },
    { "cpu-quota",          0,   OPTION_STRING, 0, "USEC", "CPU time in a period"                            },
    { "cpu-burst",          0,   OPTION_STRING, 0, "USEC", "CPU time that may be saved up"                   },
    { "cpu-idle",           0,   OPTION_STRING, 0, "N",    "1: run only when nothing else does"              },
    { "cpu-rt-period",      0,   OPTION_STRING, 0, "USEC", "period of the realtime quota"                    },
    { "cpu-rt-runtime",     0,   OPTION_STRING, 0, "USEC", "realtime CPU time in a period"                   },
    { "cpu-share",          0,   OPTION_STRING, 0, "N",    "CPU shares against other containers"             },
    { "cpu-shares",         0,   OPTION_STRING, 0, "N",    NULL                                              },
    { "cpuset-cpus",        0,   OPTION_STRING, 0, "LIST", "CPUs to use"                                     },
    { "cpuset-mems",        0,   OPTION_STRING, 0, "LIST", "memory nodes to use"                             },
    { "kernel-memory",      0,   OPTION_STRING, 0, "SIZE", "kernel memory limit (ignored by current kernels)"},
    { "kernel-memory-tcp",  0,   OPTION_STRING, 0, "SIZE", "limit of TCP buffers"                            },
    { "memory",             0,   OPTION_STRING, 0, "SIZE", "memory limit"                                    },
    { "memory-reservation", 0,   OPTION_STRING, 0, "SIZE", "memory soft limit"                               },
    { "memory-swap",        0,   OPTION_STRING, 0, "SIZE", "limit of memory and swap together, -1: none"     },
    { "pids-limit",         0,   OPTION_STRING, 0, "N",    "how many processes"                              },
    { "l3-cache-schema",    0,   OPTION_STRING, 0, "TEXT", "Intel RDT: L3 cache schema"                      },
    { "mem-bw-schema",      0,   OPTION_STRING, 0, "TEXT", "Intel RDT: memory bandwidth schema"              },
};

const struct command command_update = {
    .name = "update",
    .operands = "ID",
    .summary = "change the resources of a container",
    .description = "Sizes take the suffixes k, m and g. What is not named stays as it is.",
    COMMAND_OPTIONS(options),
    .n_min = 1,
    .n_max = 1,
};
