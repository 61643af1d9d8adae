// SPDX-License-Identifier: LGPL-2.1-or-later
/* Looking at a container's first process through our procfs, never through the container's. */
#include "container/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "sys/compat.h"
#include "sys/process.h"

enum { FILE_LIMIT = 1 << 20, PATH_SIZE = 64 };

/* The names of namespaces(7), which are not the specification's. */
static const struct {
    const char *file;
    unsigned flag;
} namespaces[] = {
    {"mnt",     CLONE_NEWNS    },
    { "pid",    CLONE_NEWPID   },
    { "net",    CLONE_NEWNET   },
    { "uts",    CLONE_NEWUTS   },
    { "ipc",    CLONE_NEWIPC   },
    { "user",   CLONE_NEWUSER  },
    { "cgroup", CLONE_NEWCGROUP},
    { "time",   CLONE_NEWTIME  },
};

static int not_running(struct error *err)
{
    return error_set(err, -ESRCH, "container not running");
}

/* 1: the same, 0: another, negative: cannot be read. A kernel without a kind has no file for either. */
static int same_namespace(int pid, const char *file)
{
    char path[PATH_SIZE];
    struct stat own, its;

    snprintf(path, sizeof path, "/proc/self/ns/%s", file);
    if (stat(path, &own) < 0)
        return errno == ENOENT ? 1 : -errno;
    snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, file);
    if (stat(path, &its) < 0)
        return -errno;
    return own.st_dev == its.st_dev && own.st_ino == its.st_ino;
}

static int find_namespaces(struct plan_target *target, struct error *err)
{
    for (size_t i = 0; i < sizeof namespaces / sizeof namespaces[0]; i++) {
        int same = same_namespace(target->pid, namespaces[i].file);

        if (same == -ENOENT || same == -ESRCH)
            return not_running(err);
        if (same < 0)
            return error_errno(err, same, "the %s namespace of the container's process %d", namespaces[i].file,
                               target->pid);
        if (!same)
            target->namespaces |= namespaces[i].flag;
    }
    return 0;
}

static int find_maps(struct plan_target *target, struct arena *arena, struct error *err)
{
    int r = host_id_map(target->pid, "uid_map", arena, &target->uids, &target->n_uids);

    if (r >= 0)
        r = host_id_map(target->pid, "gid_map", arena, &target->gids, &target->n_gids);
    return r < 0 ? error_errno(err, r, "the id maps of the container's process %d", target->pid) : 0;
}

static void find_groups(struct plan_target *target)
{
    _cleanup_free_ char *text = NULL;
    char path[PATH_SIZE];

    snprintf(path, sizeof path, "/proc/%d/setgroups", target->pid);
    target->groups_denied = file_read(AT_FDCWD, path, FILE_LIMIT, &text, NULL) >= 0 && strncmp(text, "deny", 4) == 0;
}

static const struct cgroup_hierarchy *hierarchy_at(const struct host_cgroup *host, const char *mount)
{
    for (size_t i = 0; i < host->n_hierarchies; i++)
        if (strcmp(host->hierarchies[i].mount_point, mount) == 0)
            return &host->hierarchies[i];
    return NULL;
}

static int find_cgroups(struct plan_target *target, const struct state *state, const struct host_cgroup *host,
                        struct arena *arena, struct error *err)
{
    const char **now = arena_new(arena, const char *, state->n_cgroups + 1);
    _cleanup_free_ char *text = NULL;
    char path[PATH_SIZE];

    if (!now)
        return error_errno(err, -ENOMEM, "exec");
    snprintf(path, sizeof path, "/proc/%d/cgroup", target->pid);
    if (state->n_cgroups && file_read(AT_FDCWD, path, FILE_LIMIT, &text, NULL) < 0)
        return not_running(err);
    for (size_t i = 0; i < state->n_cgroups; i++) {
        const struct cgroup_hierarchy *hierarchy = hierarchy_at(host, state->cgroups[i].mount);

        now[i] = hierarchy ? host_cgroup_of(text, hierarchy, arena) : NULL;
    }
    target->now = now;
    target->cgroups = state->cgroups;
    target->n_cgroups = state->n_cgroups;
    return 0;
}

int target_open(const struct state *state, struct error *err)
{
    int fd = state_pidfd(state);

    if (fd == -ENOSYS || fd == -EPERM)
        fd = state_proc_directory(state);
    if (fd == -ESRCH)
        return not_running(err);
    return fd < 0 ? error_errno(err, fd, "pidfd_open of the container's first process") : fd;
}

static bool is_directory(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

int target_find(const struct container *container, int target_fd, const struct host *host, struct arena *arena,
                struct plan_target *ret, struct error *err)
{
    int r;

    *ret = (struct plan_target){ .pid = container->state.pid,
                                 .no_pidfds = is_directory(target_fd),
                                 .scope = container->state.scope };
    r = find_namespaces(ret, err);
    if (r >= 0)
        r = find_cgroups(ret, &container->state, &host->cgroup, arena, err);
    if (r >= 0 && ret->namespaces & CLONE_NEWUSER) {
        find_groups(ret);
        r = find_maps(ret, arena, err);
    }
    if (r < 0)
        return r;
    return sys_pidfd_send_signal(target_fd, 0) == -ESRCH ? not_running(err) : 0;
}
