// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Mounts that CRIU cannot make anew, because what is mounted lies outside of the container: bind mounts, masked files
 * (the host's /dev/null), device nodes of the host. The images have a name for each, and a restore says what the name
 * stands for. The name is the destination as config.json has it, so that a restore can find the source by its own
 * config.json, in which the bundle may be elsewhere; and what lies on a bind mount (rbind) has its path below that.
 *
 * Where a mount is in the container tells the kernel, for a destination may go through symbolic links of the root file
 * system: it is opened beneath the container's root and looked up by the number of the mount.
 */
#include "container/criu.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "host/host.h"
#include "sys/files.h"

/* ---- names ---- */

bool criu_is_bind(const struct spec_mount *mount)
{
    if (mount->type && strcmp(mount->type, "bind") == 0)
        return true;
    for (size_t i = 0; i < mount->n_options; i++)
        if (strcmp(mount->options[i], "bind") == 0 || strcmp(mount->options[i], "rbind") == 0)
            return true;
    return false;
}

static bool is_cgroup(const struct spec_mount *mount)
{
    return mount->type && (strcmp(mount->type, "cgroup") == 0 || strcmp(mount->type, "cgroup2") == 0);
}

const char *criu_destination(struct arena *arena, const char *destination)
{
    char *path = arena_printf(arena, "/%s", destination), *to = path;

    for (const char *from = path; path && *from; from++)
        if (*from != '/' || from[1] != '/')
            *to++ = *from;
    if (path && to > path + 1 && to[-1] == '/')
        to--;
    if (path)
        *to = '\0';
    return path;
}

static int refuse_name(const char *name, struct error *err)
{
    return error_set(
        err, -EINVAL,
        "mounts \"%s\": a mount with \"]:\" in its destination cannot be in a checkpoint, for CRIU would take "
        "it for another one",
        name);
}

static int add(struct criu_call *call, const char *id, const char *value, struct error *err)
{
    if (call->arena->failed)
        return error_errno(err, -ENOMEM, "list the mounts");
    if (!criu_external_valid(id))
        return refuse_name(id, err);
    criu_add_external(&call->request, call->arena, "mnt", id, value);
    return 0;
}

/* ---- for a dump ---- */

struct tree {
    struct mount_entry *entries;
    const char **names; /* of an external one; NULL: it is none */
    bool *made;         /* config.json asks for a new file system there */
    size_t n;
    int root_fd; /* the container's root */
};

static struct mount_entry *entry_at(const struct tree *tree, const char *destination)
{
    struct sys_open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = SYS_RESOLVE_IN_ROOT };
    _cleanup_close_ int fd = sys_openat2(tree->root_fd, destination, &how);
    int id = fd < 0 ? -1 : criu_mount_of(getpid(), fd);

    for (size_t i = 0; id >= 0 && i < tree->n; i++)
        if (tree->entries[i].id == id)
            return &tree->entries[i];
    return NULL;
}

static bool is_root(const struct mount_entry *entry)
{
    return strcmp(entry->mount_point, "/") == 0;
}

/* The mounts of config.json. The last one at a place is the one that is seen. */
static void name_mounts(const struct criu_call *call, struct tree *tree)
{
    for (size_t i = 0; i < call->spec->n_mounts; i++) {
        const struct spec_mount *mount = &call->spec->mounts[i];
        struct mount_entry *entry = entry_at(tree, mount->destination);
        size_t at = entry ? (size_t) (entry - tree->entries) : 0;

        if (!entry || is_root(entry))
            continue;
        tree->made[at] = !criu_is_bind(mount) && (!is_cgroup(mount) || call->cgroups_anew);
        tree->names[at] = criu_is_bind(mount) ? criu_destination(call->arena, mount->destination) : NULL;
    }
}

/* File systems that CRIU makes anew by their type, whatever part of them is mounted. Cgroups only where a new mount shows
 * no more than the container's own: otherwise its directory was bound (plan/mounts.c), and is bound again. */
static bool is_made_anew(const struct criu_call *call, const char *type)
{
    static const char *const types[] = { "proc", "sysfs", "mqueue", "devpts", "binfmt_misc" };

    if (strcmp(type, "cgroup") == 0 || strcmp(type, "cgroup2") == 0)
        return call->cgroups_anew;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(type, types[i]) == 0)
            return true;
    return false;
}

static bool lies_below(const char *path, const char *above)
{
    size_t length = strcmp(above, "/") == 0 ? 0 : strlen(above);

    return strncmp(path, above, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* Whether what ENTRY shows is shown by another mount that is not external: then it is bound from there. */
static bool is_seen_elsewhere(const struct tree *tree, const struct mount_entry *entry)
{
    for (size_t i = 0; i < tree->n; i++) {
        const struct mount_entry *other = &tree->entries[i];

        if (other == entry || tree->names[i] || strcmp(other->device, entry->device) != 0)
            continue;
        if (strcmp(other->root, "/") == 0 || (is_root(other) && lies_below(entry->root, other->root)))
            return true;
    }
    return false;
}

/* rbind brings along what is mounted on the host below the source. */
static bool lies_on_bind(const struct tree *tree, const struct mount_entry *entry)
{
    for (size_t i = 0; i < tree->n; i++)
        if (tree->names[i] && &tree->entries[i] != entry &&
            lies_below(entry->mount_point, tree->entries[i].mount_point))
            return true;
    return false;
}

static bool is_external(const struct criu_call *call, const struct tree *tree, const struct mount_entry *entry)
{
    if (is_root(entry) || tree->made[entry - tree->entries])
        return false;
    if (lies_on_bind(tree, entry))
        return true;
    if (is_made_anew(call, entry->type))
        return false;
    return strcmp(entry->root, "/") != 0 && !is_seen_elsewhere(tree, entry);
}

static int add_named(struct criu_call *call, const struct tree *tree, struct error *err)
{
    int r = 0;

    for (size_t i = 0; r >= 0 && i < tree->n; i++) {
        if (!criu_external_valid(tree->entries[i].mount_point))
            return refuse_name(tree->entries[i].mount_point, err);
        if (tree->names[i])
            r = add(call, tree->entries[i].mount_point, tree->names[i], err);
    }
    return r;
}

int criu_mounts_dump(struct criu_call *call, int pid, struct error *err)
{
    struct tree tree = { .root_fd = -1 };
    _cleanup_close_ int root_fd = -1;
    char path[64];
    int r = criu_mountinfo(pid, call->arena, &tree.entries, &tree.n, err);

    if (r < 0)
        return r;
    snprintf(path, sizeof path, "/proc/%d/root", pid);
    tree.root_fd = root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root_fd < 0)
        return error_errno(err, -errno, "open \"%s\"", path);
    tree.names = arena_new(call->arena, const char *, tree.n + 1);
    tree.made = arena_new(call->arena, bool, tree.n + 1);
    if (!tree.names || !tree.made)
        return error_errno(err, -ENOMEM, "list the mounts");
    name_mounts(call, &tree);
    for (size_t i = 0; i < tree.n; i++)
        if (!tree.names[i] && is_external(call, &tree, &tree.entries[i]))
            tree.names[i] = tree.entries[i].mount_point;
    return add_named(call, &tree, err);
}

/* ---- for a restore ---- */

const char *criu_source(const struct criu_call *call, const struct spec_mount *mount)
{
    if (!mount->source || mount->source[0] == '/')
        return mount->source;
    return arena_printf(call->arena, "%s/%s", call->bundle, mount->source);
}

/* What is mounted on the host below the source of a bind mount was dumped as mounts of its own. */
static int add_below(struct criu_call *call, const char *source, const char *name, const struct tree *host,
                     struct error *err)
{
    size_t length = strcmp(source, "/") == 0 ? 0 : strlen(source);
    int r = 0;

    for (size_t i = 0; r >= 0 && i < host->n; i++) {
        const char *at = host->entries[i].mount_point;

        if (lies_below(at, source) && at[length] == '/')
            r = add(call, arena_printf(call->arena, "%s%s", name, at + length), at, err);
    }
    return r;
}

static int add_bind(struct criu_call *call, size_t i, const struct tree *host, struct error *err)
{
    const struct spec_mount *mount = &call->spec->mounts[i];
    const char *name = criu_destination(call->arena, mount->destination), *source;
    _cleanup_free_ char *real = NULL;
    int r;

    if (!mount->source)
        return error_set(err, -EINVAL, "mounts[%zu] \"%s\": a bind mount needs a source", i, mount->destination);
    source = criu_source(call, mount);
    real = source ? realpath(source, NULL) : NULL;
    if (!real)
        return error_set(err, source ? -errno : -ENOMEM, "mounts[%zu] \"%s\": source \"%s\" does not exist", i,
                         mount->destination, mount->source);
    source = arena_strdup(call->arena, real);
    r = name && source ? add(call, name, source, err) : error_errno(err, -ENOMEM, "list the mounts");
    return r < 0 ? r : add_below(call, source, name, host, err);
}

/* What init has bound from the host beside the mounts of config.json: /dev/null on masked files, and device nodes where
 * none could be made. A name that is not in the images does no harm. */
static int add_own(struct criu_call *call, struct error *err)
{
    static const char *const devices[] = { "/dev/null", "/dev/zero",   "/dev/full",
                                           "/dev/tty",  "/dev/random", "/dev/urandom" };
    const struct spec_linux *linux_ = call->spec->linux_;
    int r = 0;

    for (size_t i = 0; r >= 0 && i < linux_->n_masked_paths; i++)
        r = add(call, criu_destination(call->arena, linux_->masked_paths[i]), "/dev/null", err);
    for (size_t i = 0; r >= 0 && i < sizeof devices / sizeof devices[0]; i++)
        r = add(call, devices[i], devices[i], err);
    for (size_t i = 0; r >= 0 && i < linux_->n_devices; i++)
        r = add(call, criu_destination(call->arena, linux_->devices[i].path), linux_->devices[i].path, err);
    return r;
}

/* A mount of type cgroup is one of v2, or a directory with one a hierarchy. */
static int add_cgroups(struct criu_call *call, const struct spec_mount *mount, const struct state *state,
                       struct error *err)
{
    const char *name = criu_destination(call->arena, mount->destination);
    int r = 0;

    for (size_t i = 0; r >= 0 && i < state->n_cgroups; i++) {
        const struct cgroup_dir *cgroup = &state->cgroups[i];
        const char *source = arena_printf(call->arena, "%s%s", cgroup->mount, cgroup->path);
        bool alone = cgroup->v2 && state->n_cgroups == 1;

        r = add(call, alone ? name : arena_printf(call->arena, "%s%s", name, strrchr(cgroup->mount, '/')), source, err);
    }
    return r;
}

int criu_mounts_restore(struct criu_call *call, const struct state *state, struct error *err)
{
    struct tree host = { .root_fd = -1 };
    int r = criu_mountinfo(getpid(), call->arena, &host.entries, &host.n, err);

    for (size_t i = 0; r >= 0 && i < call->spec->n_mounts; i++) {
        const struct spec_mount *mount = &call->spec->mounts[i];

        if (criu_is_bind(mount))
            r = add_bind(call, i, &host, err);
        else if (is_cgroup(mount) && !call->cgroups_anew)
            r = add_cgroups(call, mount, state, err);
    }
    return r < 0 ? r : add_own(call, err);
}
