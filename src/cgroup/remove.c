// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Removing a cgroup with everything below it, from the bottom up. A cgroup that still has processes says EBUSY: then we
 * wait until one of them has exited (pidfd, for v1 has no other event) and try again. A process leaves its cgroup a
 * moment after its pidfd tells of the exit: in that gap, when nobody is listed any more, there is no event to wait for,
 * and we look again after a millisecond.
 */
#include "cgroup/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "cgroup/dir.h"
#include "cgroup/parents.h"
#include "cgroup/walk.h"
#include "sys/compat.h"

#define WATCHED_MAX 64
#define GAP_MS      1
#define NAMED_MAX   8

/* One that is busy stays, and the cgroups above it then are busy too. */
static int remove_child(int parent_fd, const char *name, void *userdata)
{
    (void) userdata;
    if (unlinkat(parent_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT && errno != EBUSY && errno != ENOTEMPTY)
        return -errno;
    return 0;
}

static int remove_below(const char *path)
{
    const struct cgroup_visitor visitor = { NULL, remove_child, NULL };
    _cleanup_close_ int fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    return cgroup_walk(fd, &visitor);
}

/* Usually there is nothing below: one system call. */
static int try_remove(const char *path)
{
    int r;

    if (rmdir(path) == 0 || errno == ENOENT)
        return 0;
    if (errno != EBUSY && errno != ENOTEMPTY)
        return -errno;
    r = remove_below(path);
    if (r == -ENOENT)
        return 0;
    if (r < 0)
        return r;
    return rmdir(path) == 0 || errno == ENOENT ? 0 : -errno;
}

/* Watch the processes, as many as fit; returns when one has exited. */
static int wait_for_change(const struct cgroup_dir *dir, int64_t left_ms, struct error *err)
{
    struct pollfd watched[WATCHED_MAX + 1];
    _cleanup_free_ pid_t *pids = NULL;
    size_t n = 0, n_watched = 0;
    int r = cgroup_pids(dir, &pids, &n, err);

    if (r < 0)
        return r;
    for (size_t i = 0; i < n && n_watched < WATCHED_MAX; i++) {
        int fd = (int) syscall(SYS_pidfd_open, pids[i], 0);

        if (fd >= 0)
            watched[n_watched++] = (struct pollfd){ fd, POLLIN, 0 };
    }
    poll(watched, (nfds_t) n_watched, n_watched ? (int) left_ms : GAP_MS);
    for (size_t i = 0; i < n_watched; i++)
        close(watched[i].fd);
    return 0;
}

static int busy_error(const struct cgroup_dir *dir, struct error *err)
{
    _cleanup_free_ pid_t *pids = NULL;
    size_t n = 0;

    if (cgroup_pids(dir, &pids, &n, NULL) < 0 || n == 0)
        return error_errno(err, -EBUSY, "remove cgroup \"%s%s\"", dir->mount, dir->path);
    error_set(err, -EBUSY, "remove cgroup \"%s%s\": it still has %s", dir->mount, dir->path,
              n == 1 ? "process" : "processes");
    for (size_t i = 0; i < n && i < NAMED_MAX; i++)
        error_append(err, " %d", (int) pids[i]);
    if (n > NAMED_MAX)
        error_append(err, " and %zu more", n - NAMED_MAX);
    return -EBUSY;
}

int cgroup_remove(const struct cgroup_dir *dir, int timeout_ms, struct error *err)
{
    char path[CGROUP_PATH_SIZE];
    int64_t end = clock_now_ms() + timeout_ms, left;
    int r = cgroup_path(dir, NULL, path, err);

    if (r < 0)
        return r;
    for (;;) {
        r = try_remove(path);
        if (r >= 0)
            break;
        if (r != -EBUSY && r != -ENOTEMPTY)
            return error_errno(err, r, "remove cgroup \"%s\"", path);
        left = end - clock_now_ms();
        if (left <= 0)
            return busy_error(dir, err);
        r = wait_for_change(dir, left, err);
        if (r < 0)
            return r;
    }
    parents_remove(dir, path);
    return 0;
}
