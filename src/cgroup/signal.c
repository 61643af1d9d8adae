// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A signal for everything in a cgroup. KILL is one write where cgroup.kill exists (Linux 5.14), which no fork can
 * outrun. Elsewhere the list is read again until it shows nobody new; while it is killed the cgroup is frozen where
 * that is possible, so that nobody forks in between. Processes are signalled by pidfd, never by a number alone.
 */
#include "cgroup/cgroup.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "cgroup/dir.h"
#include "sys/process.h"

#define PASSES_MAX 1000 /* a fork bomb can be faster than we are: this is not an endless race */

static int compare(const void *a, const void *b)
{
    pid_t left = *(const pid_t *) a, right = *(const pid_t *) b;

    return (left > right) - (left < right);
}

/* ---- one process ---- */

/* A process of the list, held: a number may change its owner, a pidfd does not. -1: the kernel's sandbox has none. */
struct held {
    pid_t pid;
    int pidfd;
};

enum { HELD_MAX = 64 };

static bool is_listed(pid_t pid, const pid_t *pids, size_t n)
{
    return n && bsearch(&pid, pids, n, sizeof *pids, compare);
}

/* 1: held, 0: it is gone. */
static int hold(pid_t pid, struct held *ret)
{
    int fd = sys_pidfd_open(pid, 0);

    *ret = (struct held){ pid, fd };
    if (fd == -ENOSYS || fd == -EPERM)
        ret->pidfd = -1;
    else if (fd < 0)
        return fd == -ESRCH || fd == -EINVAL ? 0 : fd;
    return 1;
}

static int signal_one(const struct held *held, int signal)
{
    int r = held->pidfd < 0 ? -ENOSYS : sys_pidfd_send_signal(held->pidfd, signal);

    if (r == -ENOSYS || r == -EPERM)
        r = sys_kill(held->pid, signal);
    return r == -ESRCH ? 0 : r;
}

/* Those that are still in the cgroup. A number that is listed now, and whose process lives when the signal is sent, was
 * that process's all the time since it was held. */
static int signal_held(const struct cgroup_dir *dir, const struct held *held, size_t n_held, int signal)
{
    _cleanup_free_ pid_t *now = NULL;
    size_t n = 0;
    int r = cgroup_pids(dir, &now, &n, NULL);

    for (size_t i = 0; r >= 0 && i < n_held; i++)
        if (is_listed(held[i].pid, now, n))
            r = signal_one(&held[i], signal);
    return r;
}

static int signal_at_once(const struct cgroup_dir *dir, const pid_t *pids, size_t n, int signal)
{
    struct held held[HELD_MAX];
    size_t n_held = 0;
    int r = 0;

    for (size_t i = 0; r >= 0 && i < n; i++) {
        r = hold(pids[i], &held[n_held]);
        n_held += r > 0;
    }
    if (r >= 0)
        r = signal_held(dir, held, n_held, signal);
    for (size_t i = 0; i < n_held; i++)
        fd_close(&held[i].pidfd);
    return r;
}

/* ---- all ---- */

/* The first of PIDS, as many as we may have descriptors for: their number. */
static int signal_some(const struct cgroup_dir *dir, const pid_t *pids, size_t n, int signal)
{
    size_t part = n < HELD_MAX ? n : HELD_MAX;
    int r;

    do
        r = signal_at_once(dir, pids, part, signal);
    while ((r == -EMFILE || r == -ENFILE) && (part /= 2) > 0);
    return r < 0 ? r : (int) part;
}

/* One pass: signal those of PIDS that are not in SEEN (both sorted). Returns how many there were, or -errno. */
static int signal_new(const struct cgroup_dir *dir, const pid_t *pids, size_t n, const pid_t *seen, size_t n_seen,
                      int signal)
{
    _cleanup_free_ pid_t *fresh = malloc(n * sizeof *fresh + 1);
    size_t n_fresh = 0;
    int r = fresh ? 0 : -ENOMEM;

    for (size_t i = 0; r >= 0 && i < n; i++)
        if (!is_listed(pids[i], seen, n_seen))
            fresh[n_fresh++] = pids[i];
    for (size_t done = 0; r >= 0 && done < n_fresh; done += (size_t) r)
        if ((r = signal_some(dir, fresh + done, n_fresh - done, signal)) < 0)
            return r;
    return r < 0 ? r : (int) n_fresh;
}

static int signal_passes(const struct cgroup_dir *dir, int signal, struct error *err)
{
    _cleanup_free_ pid_t *seen = NULL;
    size_t n_seen = 0;

    for (int pass = 0; pass < PASSES_MAX; pass++) {
        pid_t *pids = NULL;
        size_t n = 0;
        int r = cgroup_pids(dir, &pids, &n, err), sent;

        if (r < 0)
            return r;
        sent = signal_new(dir, pids, n, seen, n_seen, signal);
        free(seen);
        seen = pids;
        n_seen = n;
        if (sent < 0)
            return error_errno(err, sent, "signal the processes of cgroup \"%s%s\"", dir->mount, dir->path);
        if (sent == 0)
            return 0;
    }
    return error_set(err, -EAGAIN, "cgroup \"%s%s\" makes processes faster than they can be signalled", dir->mount,
                     dir->path);
}

static bool can_freeze(const struct cgroup_dir *dir)
{
    return dir->v2 || (dir->controllers && cgroup_list_names(dir->controllers, "freezer"));
}

/* Frozen processes of v1 die when they are thawed. */
static int kill_frozen(const struct cgroup_dir *dir, struct error *err)
{
    int r, thawed = 0;

    if (can_freeze(dir))
        cgroup_freeze(dir, true, NULL); /* only a help: what does not freeze in time is killed moving */
    r = signal_passes(dir, SIGKILL, err);
    if (can_freeze(dir)) /* what stays frozen does not die */
        thawed = cgroup_freeze(dir, false, r < 0 ? NULL : err);
    return r < 0 || thawed == -ENOENT ? r : thawed;
}

int cgroup_signal(const struct cgroup_dir *dir, int signal, struct error *err)
{
    int r;

    if (signal != SIGKILL)
        return signal_passes(dir, signal, err);
    r = dir->v2 ? cgroup_write_raw(dir, "cgroup.kill", "1") : -ENOENT;
    return r >= 0 ? 0 : kill_frozen(dir, err);
}
