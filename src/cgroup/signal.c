// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A signal for everything in a cgroup. KILL is one write where cgroup.kill exists (Linux 5.14), which no fork can
 * outrun. Elsewhere the list is read again until it shows nobody new; while it is killed the cgroup is frozen where
 * that is possible, so that nobody forks and no number changes its owner in between.
 */
#include "cgroup/cgroup.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "cgroup/dir.h"

#define PASSES_MAX 1000 /* a fork bomb can be faster than we are: this is not an endless race */

static int compare(const void *a, const void *b)
{
    pid_t left = *(const pid_t *) a, right = *(const pid_t *) b;

    return (left > right) - (left < right);
}

/* One pass: signal those of PIDS that are not in SEEN (both sorted). Returns how many there were, or -errno. */
static int signal_new(const pid_t *pids, size_t n, const pid_t *seen, size_t n_seen, int signal)
{
    int count = 0;

    for (size_t i = 0; i < n; i++) {
        if (n_seen && bsearch(&pids[i], seen, n_seen, sizeof *seen, compare))
            continue;
        count++;
        if (kill(pids[i], signal) < 0 && errno != ESRCH)
            return -errno;
    }
    return count;
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
        sent = signal_new(pids, n, seen, n_seen, signal);
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
