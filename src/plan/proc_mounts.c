// SPDX-License-Identifier: LGPL-2.1-or-later
/* The list of what may be covered is runc's; see proc_mounts.h. */
#include "plan/proc_mounts.h"

#include <string.h>

static const char *const coverable[] = {
    "cpuinfo",
    "diskstats",
    "loadavg",
    "meminfo",
    "net/dev",
    "slabinfo",
    "stat",
    "swaps",
    "uptime",
    "sys/kernel/ns_last_pid",
    "sys/crypto/fips_enabled",
};

static void take_last(char *path)
{
    char *slash = strrchr(path, '/');

    if (slash)
        *slash = '\0';
}

const char *plan_clean_path(struct planner *planner, const char *path)
{
    char *clean = arena_alloc(planner->arena, strlen(path) + 2, 1), *end;

    if (!clean)
        return "/"; /* plan_build looks at the arena */
    for (size_t n; *path; path += n) {
        path += strspn(path, "/");
        n = strcspn(path, "/");
        if (n == 2 && path[0] == '.' && path[1] == '.') {
            take_last(clean);
        } else if (n > 0 && !(n == 1 && path[0] == '.')) {
            end = clean + strlen(clean);
            *end = '/';
            memcpy(end + 1, path, n);
            end[1 + n] = '\0';
        }
    }
    return *clean ? clean : "/";
}

enum proc_place proc_place(const char *path)
{
    if (strncmp(path, "/proc", 5) != 0 || (path[5] && path[5] != '/'))
        return PROC_OUTSIDE;
    if (!path[5])
        return PROC_ITSELF;
    for (size_t i = 0; i < sizeof coverable / sizeof coverable[0]; i++)
        if (strcmp(path + 6, coverable[i]) == 0)
            return PROC_COVERABLE;
    return PROC_INSIDE;
}
