// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where a process is in a hierarchy, out of its /proc/PID/cgroup: a line "4:cpu,cpuacct:/x", or "0::/x" for v2. */
#include <string.h>

#include "host/host.h"

static bool line_is_of(const char *line, const struct cgroup_hierarchy *hierarchy, const char **ret_path)
{
    const char *controllers = strchr(line, ':'), *wanted = hierarchy->v2 ? "" : hierarchy->controllers;
    size_t length;

    if (!controllers)
        return false;
    controllers++;
    length = strcspn(controllers, ":\n");
    *ret_path = controllers + length + 1;
    return controllers[length] == ':' && strlen(wanted) == length && memcmp(controllers, wanted, length) == 0;
}

/* A mount shows the hierarchy from mount_root on; what lies elsewhere, or outside of our cgroup namespace ("/../x"), has
 * no name there. */
static const char *below_mount(const char *path, const struct cgroup_hierarchy *hierarchy)
{
    size_t length = strlen(hierarchy->mount_root);

    if (path[0] != '/' || strncmp(path, "/..", 3) == 0)
        return NULL;
    if (length <= 1)
        return path;
    if (strncmp(path, hierarchy->mount_root, length) != 0 || (path[length] && path[length] != '/'))
        return NULL;
    return path[length] ? path + length : "/";
}

const char *host_cgroup_of(const char *process_cgroup, const struct cgroup_hierarchy *hierarchy, struct arena *arena)
{
    for (const char *line = process_cgroup; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        const char *path;

        if (line_is_of(line, hierarchy, &path)) {
            char *copy = arena_strndup(arena, path, strcspn(path, "\n"));

            return copy ? below_mount(copy, hierarchy) : NULL;
        }
    }
    return NULL;
}
