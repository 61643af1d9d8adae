// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * linux.cgroupsPath as a path below a mount point: cleaned as text, never resolved. Inside a container without a
 * cgroup namespace the mount shows a part of the hierarchy (mount_root), while paths as the kernel tells them begin at
 * the top: a path that lies inside the visible part is taken relative to it, any other as it is.
 */
#include "plan/cgroup_paths.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define NAME_LIMIT 255 /* NAME_MAX of kernfs */

bool cgroup_privileged(const struct host *host)
{
    return host->euid == 0 && !host->in_user_namespace;
}

/* What of PATH lies below ROOT, beginning with "/"; NULL if it does not. */
static const char *below(const char *path, const char *root)
{
    size_t length = strlen(root);

    if (length == 1)
        return path;
    return strncmp(path, root, length) == 0 && path[length] == '/' ? path + length : NULL;
}

static bool component_valid(struct planner *planner, const char *path, const char *name, size_t length)
{
    if (length == 2 && memcmp(name, "..", 2) == 0)
        plan_fail(planner, -EINVAL, "linux.cgroupsPath: \"%s\" has \"..\" in it", path);
    else if (length > NAME_LIMIT)
        plan_fail(planner, -ENAMETOOLONG, "linux.cgroupsPath: \"%.*s\" is longer than %d bytes", (int) length, name,
                  NAME_LIMIT);
    return !planner->failed;
}

/* PATH with one slash before each name and none at the end. */
static const char *clean(struct planner *planner, const char *path)
{
    char *cleaned = arena_alloc(planner->arena, 1, strlen(path) + 2), *end = cleaned;

    if (!cleaned)
        return NULL;
    for (const char *name = path; *name;) {
        size_t length = strcspn(name, "/");

        if (!component_valid(planner, path, name, length))
            return NULL;
        if (length > 0 && !(length == 1 && name[0] == '.')) {
            *end++ = '/';
            end = (char *) memcpy(end, name, length) + length;
        }
        name += length + (name[length] == '/');
    }
    if (end == cleaned)
        plan_fail(planner, -EINVAL, "linux.cgroupsPath: \"%s\" is the root of the cgroups", path);
    return cleaned;
}

static uint64_t hash(const char *text)
{
    uint64_t value = 0xcbf29ce484222325u; /* FNV-1a */

    for (; *text; text++)
        value = (value ^ (unsigned char) *text) * 0x100000001b3u;
    return value;
}

const char *cgroup_short_name(struct planner *planner, const char *name, int limit)
{
    if (strlen(name) <= (size_t) limit)
        return name;
    return arena_printf(planner->arena, "%.*s-%016" PRIx64, limit - 17, name, hash(name));
}

/* Without a wish: at the top for root, below what is his own for anybody else. */
static const char *default_path(struct planner *planner, const struct cgroup_hierarchy *hierarchy)
{
    const char *own = cgroup_privileged(planner->input->host) ? "/" : cgroup_own_path(hierarchy);
    const char *name = cgroup_short_name(planner, planner->input->id, NAME_LIMIT);

    return name ? arena_printf(planner->arena, "%s/%s", own[1] ? own : "", name) : NULL;
}

const char *cgroup_path_of(struct planner *planner, const struct cgroup_hierarchy *hierarchy)
{
    const char *wish = planner->input->spec->linux_->cgroups_path, *path, *visible;

    if (!wish || !wish[0])
        return default_path(planner, hierarchy);
    path = clean(planner, wish);
    visible = path ? below(path, hierarchy->mount_root) : NULL;
    return visible ? visible : path;
}
