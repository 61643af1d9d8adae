// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The cgroup layout of this host. Every start needs it, so the common case is short: a v2 file system at
 * /sys/fs/cgroup is the layout, and its own path one small file away. mountinfo, which has a line for each mount of
 * the host and grows to megabytes on a busy one, is read only where v1 hierarchies are to be found, or where the
 * path of our own cgroup is not to be seen below the mount (inside a container without a cgroup namespace).
 */
#include "host/probes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"

#define CGROUP_MOUNT    "/sys/fs/cgroup"
#define CGROUP2_FS_TYPE 0x63677270u /* CGROUP2_SUPER_MAGIC of <linux/magic.h> */
#define SELF_LIMIT      ((size_t) 1 << 20)
#define MOUNTINFO_LIMIT ((size_t) 64 << 20)

/* The controllers that a child of the v2 cgroup at the first LENGTH bytes of CGROUP can have. A comma list; empty when it
 * cannot be read. */
static const char *read_controllers(const struct cgroup_hierarchy *hierarchy, const char *cgroup, size_t length,
                                    struct arena *arena)
{
    _cleanup_free_ char *text = NULL;
    const char *path = arena_printf(arena, "%s%.*s/cgroup.controllers", hierarchy->mount_point, (int) length, cgroup);

    if (!path || file_read_record(AT_FDCWD, path, SELF_LIMIT, &text) < 0)
        return "";
    text[strcspn(text, "\n")] = '\0';
    for (char *blank = text; (blank = strchr(blank, ' ')) != NULL;)
        *blank = ',';
    return arena_strdup(arena, text);
}

/* The unified layout from the text of /proc/self/cgroup alone: 1 if it is, 0 if mountinfo must be asked. */
static int probe_unified(struct host_cgroup *cgroup, const char *self, struct arena *arena)
{
    const char *line = strstr(self, "0::/");
    struct cgroup_hierarchy *hierarchy;
    struct statfs fs;

    if (statfs(CGROUP_MOUNT, &fs) < 0 || (uint32_t) fs.f_type != CGROUP2_FS_TYPE)
        return 0;
    if (!line || (line > self && line[-1] != '\n') || strncmp(line, "0::/..", 6) == 0)
        return 0;
    hierarchy = arena_new(arena, struct cgroup_hierarchy, 1);
    if (!hierarchy)
        return -ENOMEM;
    *hierarchy = (struct cgroup_hierarchy){ .mount_point = CGROUP_MOUNT, .mount_root = "/", .v2 = true };
    hierarchy->own_path = arena_strndup(arena, line + 3, strcspn(line + 3, "\n"));
    hierarchy->controllers = arena_printf(arena, CGROUP_MOUNT "%s", hierarchy->own_path ? hierarchy->own_path : "");
    if (arena->failed)
        return -ENOMEM;
    if (access(hierarchy->controllers, F_OK) < 0)
        return 0;
    *cgroup = (struct host_cgroup){ CGROUP_LAYOUT_V2, hierarchy, 1 };
    return 1;
}

/* Without procfs there is no layout that could be used: none, and the planner says so if something is asked for. */
static int probe_layout(struct host_cgroup *cgroup, struct arena *arena, struct error *err)
{
    _cleanup_free_ char *self = NULL, *mountinfo = NULL;
    int r;

    if (file_read_record(AT_FDCWD, "/proc/self/cgroup", SELF_LIMIT, &self) < 0)
        return 0;
    r = probe_unified(cgroup, self, arena);
    if (r != 0)
        return r < 0 ? error_errno(err, r, "cannot remember the cgroup layout") : 0;
    if (file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_LIMIT, &mountinfo, NULL) < 0)
        return 0;
    return host_cgroup_parse(cgroup, mountinfo, self, arena, err);
}

/* Of a host with v2 alone, what else there may be. */
int host_probe_cgroup_systemd(struct host *host, struct arena *arena, struct error *err)
{
    _cleanup_free_ char *self = NULL, *mountinfo = NULL;
    int r = 0;

    if (host->cgroup.layout != CGROUP_LAYOUT_V2)
        return 0;
    if (file_read_record(AT_FDCWD, "/proc/self/cgroup", SELF_LIMIT, &self) >= 0 &&
        file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_LIMIT, &mountinfo, NULL) >= 0)
        r = host_cgroup_add(&host->cgroup, "name=systemd", mountinfo, self, arena);
    return r < 0 ? error_errno(err, r, "cannot remember the cgroup layout") : 0;
}

/* ---- delegation ---- */

/* By our real ids, which are the effective ones: with AT_EACCESS it would be faccessat2(2), which sandboxes block. */
static bool is_writable(const char *path)
{
    return access(path, W_OK) == 0;
}

/* The length of what PATH and OWN have in common, whole names only. */
static size_t common_length(const char *path, const char *own)
{
    size_t length = 0;

    for (size_t i = 0;; i++) {
        bool ends = (!path[i] || path[i] == '/') && (!own[i] || own[i] == '/');

        if (ends)
            length = i;
        if (!path[i] || path[i] != own[i])
            return length;
    }
}

/* PATH may be made and entered: what of it is there already is ours to write to, and on v2 also the file by which a
 * process is moved out of the cgroup that both it and we are in (cgroups(7), "Cgroup delegation"). */
static bool is_delegated(const struct cgroup_hierarchy *hierarchy, const char *path, struct arena *arena)
{
    const char *mount = hierarchy->mount_point, *own = cgroup_own_path(hierarchy);
    char *directory = arena_printf(arena, "%s%s%s", mount, path[0] == '/' ? "" : "/", path);
    const char *procs = arena_printf(arena, "%s%.*s/cgroup.procs", mount, (int) common_length(path, own), path);

    if (!directory || !procs)
        return false;
    while (access(directory, F_OK) < 0 && strlen(directory) > strlen(mount))
        *strrchr(directory, '/') = '\0';
    return is_writable(directory) && (!hierarchy->v2 || is_writable(procs));
}

/* For root, who may write wherever the mount can be written to, one look. */
static bool is_closed(const struct host *host, const struct cgroup_hierarchy *hierarchy, const char *wish,
                      struct arena *arena)
{
    bool root = host->euid == 0 && !host->in_user_namespace;

    if (root && is_writable(hierarchy->mount_point))
        return false;
    return !is_delegated(hierarchy, wish && *wish ? wish : root ? "/" : cgroup_own_path(hierarchy), arena);
}

/*
 * What an ordinary user's container can have at the path he asks for: what is given to the cgroup that it and we are in.
 * Our own, when we have stepped into a leaf to make room for others, is often given nothing.
 */
static void see_controllers(const struct host *host, struct cgroup_hierarchy *hierarchy, const char *wish,
                            struct arena *arena)
{
    bool root = host->euid == 0 && !host->in_user_namespace;
    const char *found;

    if (!hierarchy->v2 || root || hierarchy->closed || !wish || wish[0] != '/')
        return;
    found = read_controllers(hierarchy, wish, common_length(wish, cgroup_own_path(hierarchy)), arena);
    if (found)
        hierarchy->controllers = found;
}

/* Mounts that something else covers are not there. */
void host_probe_delegation(struct host *host, const char *cgroups_path, struct arena *arena)
{
    struct host_cgroup *cgroup = &host->cgroup;
    size_t n = 0;

    for (size_t i = 0; i < cgroup->n_hierarchies; i++) {
        struct cgroup_hierarchy *hierarchy = &cgroup->hierarchies[i];

        hierarchy->closed = is_closed(host, hierarchy, cgroups_path, arena);
        see_controllers(host, hierarchy, cgroups_path, arena);
        if (!hierarchy->closed || access(hierarchy->mount_point, F_OK) == 0)
            cgroup->hierarchies[n++] = *hierarchy;
    }
    cgroup->n_hierarchies = n;
    if (n == 0)
        cgroup->layout = CGROUP_LAYOUT_NONE;
}

int host_probe_cgroup(struct host *host, struct arena *arena, struct error *err)
{
    bool own = host->euid != 0 || host->in_user_namespace;
    int r = probe_layout(&host->cgroup, arena, err);

    if (r < 0)
        return r;
    for (size_t i = 0; i < host->cgroup.n_hierarchies; i++) {
        struct cgroup_hierarchy *hierarchy = &host->cgroup.hierarchies[i];

        /* An ordinary user has what was delegated to him, root works from the top of the mount. */
        if (hierarchy->v2 &&
            !(hierarchy->controllers = read_controllers(hierarchy, cgroup_own_path(hierarchy),
                                                        own ? strlen(cgroup_own_path(hierarchy)) : 0, arena)))
            return error_errno(err, -ENOMEM, "cannot remember the cgroup controllers");
        /* Not probed: trying costs as much as the clone that uses it, and that one falls back by itself. */
        host->clone_into_cgroup |= hierarchy->v2;
    }
    return 0;
}
