// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The process of an exec whose crun-init is outside of the container's pid namespace until all that needs rights is done
 * (row REFORK with PIPES). From its first moment on somebody in the container may trace it. So it has no socket of ours,
 * whose peer he would find by it, but the ends of two pipes; and its number comes from the first process, which he cannot
 * reach, by the name that this one ends with.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "launch/launch.h"
#include "sys/files.h"
#include "sys/process.h"

/* The end of GO that is read stays open here too: where nobody else has it, a write would be the end of us. */
static int pipe_go(struct launch *launch, op_slot slot, struct error *err)
{
    int go[2];

    if (pipe2(go, O_CLOEXEC) < 0)
        return error_errno(err, -errno, "pipe2");
    launch->go_fd = go[1];
    launch->slots[slot] = go[0];
    launch->go_end_fd = sys_fcntl(go[0], F_DUPFD_CLOEXEC, 0);
    return launch->go_end_fd < 0 ? error_errno(err, launch->go_end_fd, "duplicate the end of a pipe") : 0;
}

int launch_pipes(struct launch *launch, const struct op_pipes *row, struct error *err)
{
    int report[2];

    if (pipe2(report, O_CLOEXEC) < 0)
        return error_errno(err, -errno, "pipe2");
    launch->report_fd = report[0];
    launch->slots[row->report] = report[1];
    return row->go == SLOT_NONE ? 0 : pipe_go(launch, row->go, err);
}

/* What the first process, which has ended, says with its name; 0: nothing. */
static pid_t next_process(pid_t pid)
{
    char path[64], name[32] = "";
    size_t length = strlen(BLOB_NEXT_NAME);
    _cleanup_close_ int fd = -1;

    snprintf(path, sizeof path, "/proc/%d/comm", (int) pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, name, sizeof name - 1) < 0 || strncmp(name, BLOB_NEXT_NAME, length) != 0)
        return 0;
    return atoi(name + length);
}

/* It has ended: by itself in favour of the next, after a failure that is told in the pipe, or killed. */
static int take_over(struct launch *launch, struct error *err)
{
    _cleanup_close_ int pidfd = -1;
    int r = cancel_wait(launch->cancel, launch->pidfd, 0, err);
    pid_t next = r < 0 ? 0 : next_process(launch->state->pid);

    if (r < 0)
        return r;
    if (next > 0) {
        pidfd = sys_pidfd_open(next, 0);
        return launch_adopt(launch, next, &pidfd, err);
    }
    fd_close(&launch->go_fd);
    r = launch_wait_end(launch, err);
    return r < 0 ? r : launch_ended_error(launch, UINT32_MAX, err);
}

int launch_refork(struct launch *launch, struct error *err)
{
    int r = launch_wait_end(launch, err);

    if (r < 0)
        return r;
    fd_close(&launch->sync_fd);
    launch->sync_fd = take_fd(&launch->report_fd);
    launch->piped = true;
    return take_over(launch, err);
}

int launch_pipe_go(struct launch *launch, struct error *err)
{
    ssize_t n = write(launch->go_fd, "", 1);

    fd_close(&launch->go_end_fd);
    fd_close(&launch->go_fd);
    return n < 0 ? error_errno(err, -errno, "write to crun-init") : 0;
}
