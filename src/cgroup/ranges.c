// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the kernel takes, for those of its files that say no more than "invalid argument". The numbers are the kernel's
 * (kernel/sched/core.c, kernel/cgroup/pids.c, Documentation/admin-guide/cgroup-v2.rst). They are only told, after the
 * kernel has refused a value, and never checked beforehand: another kernel may take more.
 */
#include "cgroup/dir.h"

#include <string.h>

struct range {
    const char *file, *takes;
};

#define PERIOD "1000 to 1000000 microseconds"
#define QUOTA  "1000 to 17592186044415 microseconds, and no greater part of the period than the parent cgroup has"
#define BURST  "0 to the quota, in microseconds"
#define CPUS   "a list like 0-3,7 of CPUs that the parent cgroup has"
#define NODES  "a list like 0-1 of memory nodes that the parent cgroup has"

static const struct range ranges[] = {
    {"cpu.cfs_period_us",  PERIOD                                                                  },
    { "cpu.cfs_quota_us",  QUOTA                                                                   },
    { "cpu.cfs_burst_us",  BURST                                                                   },
    { "cpu.max",           "max or a quota of " QUOTA ", and a period of " PERIOD                  },
    { "cpu.max.burst",     BURST                                                                   },
    { "cpu.idle",          "0 or 1"                                                                },
    { "cpu.weight",        "1 to 10000"                                                            },
    { "cpu.weight.nice",   "-20 to 19"                                                             },
    { "cpu.rt_period_us",  "more than the runtime, in microseconds"                                },
    { "cpu.rt_runtime_us", "-1 to the period, in microseconds, and what the parent cgroup has left"},
    { "cpuset.cpus",       CPUS                                                                    },
    { "cpuset.mems",       NODES                                                                   },
    { "pids.max",          "0 to 4194304, or max"                                                  },
    { "blkio.weight",      "10 to 1000"                                                            },
    { "blkio.bfq.weight",  "1 to 1000"                                                             },
    { "io.bfq.weight",     "1 to 1000"                                                             },
    { "io.weight",         "1 to 10000"                                                            },
    { "memory.swappiness", "0 to 200"                                                              },
};

const char *cgroup_range(const char *file)
{
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (strcmp(ranges[i].file, file) == 0)
            return ranges[i].takes;
    return NULL;
}
