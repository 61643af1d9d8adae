// SPDX-License-Identifier: LGPL-2.1-or-later
/* Row TIME: the container's process is born in another time namespace than ours. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "host/namespace_file.h"
#include "launch/rows.h"
#include "sys/files.h"
#include "sys/process.h"

static int join_time(const char *path, struct error *err)
{
    _cleanup_close_ int fd = -1;
    int r = namespace_file_open(path, NAMESPACE_TIME, &fd, err);

    if (r < 0)
        return r;
    r = sys_setns(fd, CLONE_NEWTIME);
    return r < 0 ? error_errno(err, r, "setns") : 0;
}

static int make_time(const char *offsets, struct error *err)
{
    int r = sys_unshare(CLONE_NEWTIME);

    if (r < 0)
        return error_errno(err, r, "unshare");
    r = file_write(AT_FDCWD, "/proc/self/timens_offsets", offsets);
    if (r == -ERANGE)
        return error_set(err, r, "with these the clocks would be below 0, or further on than the kernel counts");
    return r < 0 ? error_errno(err, r, "write /proc/self/timens_offsets") : 0;
}

int launch_time(struct launch *launch, const struct op_time *row, struct error *err)
{
    int r = launch_own_namespace("time", &launch->time_back_fd, err);

    if (r < 0)
        return r;
    return row->path ? join_time(text(launch, row->path), err) : make_time(text(launch, row->offsets), err);
}

enum { PATIENCE_MS = 10000 };

/* The kernel refuses it (EUSERS) to a process whose memory another one shares, and so does the child for a moment more: in
 * its exec it lets us go on before it gives our memory up. */
static int setns_time(int fd)
{
    const struct timespec millisecond = { .tv_nsec = 1000000 };
    int r = sys_setns(fd, CLONE_NEWTIME);

    for (int i = 0; r == -EUSERS && i < PATIENCE_MS; i++) {
        nanosleep(&millisecond, NULL);
        r = sys_setns(fd, CLONE_NEWTIME);
    }
    return r;
}

/* Children that are not the container's (hooks) must be born at home again. */
int launch_time_back(struct launch *launch, struct error *err)
{
    int r = 0;

    if (launch->time_back_fd >= 0)
        r = setns_time(launch->time_back_fd);
    fd_close(&launch->time_back_fd);
    return r < 0 ? error_errno(err, r, "setns back to the runtime's time namespace") : 0;
}
