// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The cgroup of an ordinary user's systemd, below which his scopes are: that of our own path, or where logind puts it
 * when we are in a session beside it. What controllers it can give is what counts then, not those of our own cgroup.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "host/probes.h"

enum { CONTROLLERS_LIMIT = 65536 };

/* Who we are to the host: the owner of our user namespace is root in it, as a rule. */
static uint32_t outer_uid(const struct host *host)
{
    for (size_t i = 0; host->in_user_namespace && i < host->n_own_uids; i++) {
        const struct id_map *map = &host->own_uids[i];

        if (host->euid >= map->container_id && host->euid - map->container_id < map->size)
            return map->host_id + (host->euid - map->container_id);
    }
    return host->euid;
}

/* "/a/user@1000.service" of "/a/user@1000.service/b". */
const char *user_manager_of(const char *path, struct arena *arena)
{
    const char *name = strstr(path, "/user@"), *rest = name ? name + strcspn(name + 1, "/") + 1 : NULL;

    if (!name || rest - name < 9 || strncmp(rest - 8, ".service", 8) != 0)
        return NULL;
    return arena_strndup(arena, path, (size_t) (rest - path));
}

static const char *find(const struct host *host, const struct cgroup_hierarchy *hierarchy, struct arena *arena)
{
    const char *path = user_manager_of(cgroup_own_path(hierarchy), arena), *directory;
    uint32_t uid = outer_uid(host);

    if (path)
        return path;
    path = arena_printf(arena, "/user.slice/user-%u.slice/user@%u.service", uid, uid);
    directory = path ? arena_printf(arena, "%s%s", hierarchy->mount_point, path) : NULL;
    return directory && access(directory, F_OK) == 0 ? path : NULL;
}

bool host_has_own_manager(void)
{
    return geteuid() != 0 || host_in_user_namespace();
}

void host_probe_user_manager(struct host *host, struct arena *arena)
{
    for (size_t i = 0; i < host->cgroup.n_hierarchies; i++) {
        struct cgroup_hierarchy *hierarchy = &host->cgroup.hierarchies[i];
        _cleanup_free_ char *text = NULL;
        const char *file;

        if (!hierarchy->v2 || !(host->user_manager = find(host, hierarchy, arena)))
            continue;
        file = arena_printf(arena, "%s%s/cgroup.controllers", hierarchy->mount_point, host->user_manager);
        if (!file || file_read(AT_FDCWD, file, CONTROLLERS_LIMIT, &text, NULL) < 0)
            continue;
        text[strcspn(text, "\n")] = '\0';
        for (char *blank = text; (blank = strchr(blank, ' ')) != NULL;)
            *blank = ',';
        hierarchy->controllers = arena_strdup(arena, text);
    }
}
