// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which limit has kept a process from being made. EAGAIN says only that one did: the container's own, that of a cgroup
 * above it, one of the caller's, or RLIMIT_NPROC. A count that is at its limit when the error is told is the one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroup/dir.h"

/* The limit of DIR if it is reached. */
static bool is_full(const struct cgroup_dir *dir, unsigned long long *ret_limit)
{
    _cleanup_free_ char *limit = NULL, *current = NULL;

    if (cgroup_read(dir, "pids.max", &limit) < 0 || strncmp(limit, "max", 3) == 0 ||
        cgroup_read(dir, "pids.current", &current) < 0)
        return false;
    *ret_limit = strtoull(limit, NULL, 10);
    return strtoull(current, NULL, 10) >= *ret_limit;
}

/* From DIR up to the top of its hierarchy. PATH is changed. */
static bool explain_up(struct cgroup_dir dir, char *path, const char *container, struct error *err)
{
    unsigned long long limit;

    for (char *slash; *path; *slash = '\0') {
        dir.path = path;
        slash = strrchr(path, '/');
        if (!slash)
            return false;
        if (!is_full(&dir, &limit))
            continue;
        if (container && strcmp(path, container) == 0)
            error_append(err, " (linux.resources.pids.limit of %llu is reached)", limit);
        else
            error_append(err, " (pids.max of the cgroup \"%s\", %llu, is reached)", path, limit);
        return true;
    }
    return false;
}

/* Our own path in the hierarchy of DIR by /proc/self/cgroup, malloc'd; NULL if it cannot be told. */
static char *own_path(const struct cgroup_dir *dir)
{
    _cleanup_free_ char *text = NULL;

    if (file_read(AT_FDCWD, "/proc/self/cgroup", CGROUP_FILE_SIZE, &text, NULL) < 0)
        return NULL;
    for (char *line = text, *end; *line; line = end) {
        char *controllers = strchr(line, ':'), *path = controllers ? strchr(controllers + 1, ':') : NULL;

        end = line + strcspn(line, "\n");
        if (!path || path > end)
            return NULL;
        *path = '\0';
        if (dir->v2 ? !controllers[1] : cgroup_list_names(controllers + 1, "pids"))
            return strndup(path + 1, (size_t) (end - path) - 1);
        end += *end == '\n';
    }
    return NULL;
}

static bool explain_limit(struct error *err)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NPROC, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY || geteuid() == 0)
        return false;
    error_append(err, " (RLIMIT_NPROC of user %u is %llu)", geteuid(), (unsigned long long) limit.rlim_cur);
    return true;
}

bool cgroup_pids_explain(const struct cgroup_dir *dirs, size_t n, enum pids_whose whose, struct error *err)
{
    bool explained = false;

    for (size_t i = 0; i < n && !explained; i++) {
        _cleanup_free_ char *path = NULL;

        if (!dirs[i].controllers || !cgroup_list_names(dirs[i].controllers, "pids"))
            continue;
        path = whose == PIDS_OF_CALLER ? own_path(&dirs[i]) : strdup(dirs[i].path);
        explained = path && explain_up(dirs[i], path, whose == PIDS_OF_CALLER ? NULL : dirs[i].path, err);
    }
    explained = explained || (whose == PIDS_OF_CALLER && explain_limit(err));
    if (n == 0 && whose == PIDS_OF_CALLER) /* a container without cgroups: we have not looked where we are */
        error_append(err, " (is pids.max of the caller's cgroup reached?)");
    return explained;
}
