// SPDX-License-Identifier: LGPL-2.1-or-later
/* Names of resource limits to numbers; those that not every libc has are the kernel's. */
#include "plan/limits.h"

#include <stddef.h>
#include <string.h>
#include <sys/resource.h>

struct limit_name {
    const char *name;
    int resource;
};

static const struct limit_name limit_names[] = {
    {"RLIMIT_AS",          RLIMIT_AS     },
    { "RLIMIT_CORE",       RLIMIT_CORE   },
    { "RLIMIT_CPU",        RLIMIT_CPU    },
    { "RLIMIT_DATA",       RLIMIT_DATA   },
    { "RLIMIT_FSIZE",      RLIMIT_FSIZE  },
    { "RLIMIT_LOCKS",      10            },
    { "RLIMIT_MEMLOCK",    RLIMIT_MEMLOCK},
    { "RLIMIT_MSGQUEUE",   12            },
    { "RLIMIT_NICE",       13            },
    { "RLIMIT_NOFILE",     RLIMIT_NOFILE },
    { "RLIMIT_NPROC",      RLIMIT_NPROC  },
    { "RLIMIT_RSS",        RLIMIT_RSS    },
    { "RLIMIT_RTPRIO",     14            },
    { "RLIMIT_RTTIME",     15            },
    { "RLIMIT_SIGPENDING", 11            },
    { "RLIMIT_STACK",      RLIMIT_STACK  },
};

int limit_resource(const char *name)
{
    for (size_t i = 0; i < sizeof limit_names / sizeof limit_names[0]; i++)
        if (strcmp(limit_names[i].name, name) == 0)
            return limit_names[i].resource;
    return -1;
}
