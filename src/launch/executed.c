// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The end of the socket means that crun-init has executed the program, or that it has died without a word. The latter
 * a seccomp profile can do that refuses execve and what the failure would be told with. The kernel ends the two in
 * another order: an exec has replaced the memory before it closes descriptors, so /proc/PID/exe is the program; a death
 * gives up the memory first, so that there is none. The name that crun-init takes when it waits for the start, and
 * before it installs the filter, is then still to be read; an exec would have changed it to one without a slash. An
 * ordinary user may not look at a process that has no memory, nor at one of another user of his: then the name alone
 * tells, which an exec changes in no time.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "launch/launch.h"
#include "sys/process.h"

enum { DEATH_TIMEOUT_MS = 10000, LOOK_MS = 1 }; /* descriptors are closed: what is left of the end takes no time */

#define OWN_NAME "(crun/" /* what those of blob.h begin with */

/* 0 for a living process, -ENOENT for one without memory; -EACCES where an ordinary user may not know. */
static int look_at_memory(pid_t pid)
{
    char path[64], target[PATH_MAX];

    snprintf(path, sizeof path, "/proc/%d/exe", (int) pid);
    return readlink(path, target, sizeof target) < 0 ? -errno : 0;
}

/* NAME: one of those that crun-init takes. */
static bool has_name(pid_t pid, const char *name)
{
    char path[64], text[128] = "";
    _cleanup_close_ int fd = -1;

    snprintf(path, sizeof path, "/proc/%d/stat", (int) pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 && read(fd, text, sizeof text - 1) > 0 && strstr(text, name);
}

static int filter_error(int pidfd, struct error *err)
{
    siginfo_t info = { 0 };

    error_set(err, -EPERM, "linux.seccomp: the profile stopped the container's set-up: ");
    if (waitid((idtype_t) SYS_P_PIDFD, (id_t) pidfd, &info, WEXITED | WNOWAIT) < 0)
        error_append(err, "the process ended");
    else if (info.si_code != CLD_EXITED && info.si_status == SIGSYS)
        error_append(err, "the process was killed by SIGSYS");
    else
        error_append(err, "execve was refused, and so was the message about it; the process ended");
    return error_append(err, " after the filter was installed and before its program was executed");
}

/* Until the name has changed, or the process has ended with it. */
static bool ended_by_name(pid_t pid, int pidfd)
{
    struct pollfd process = { .fd = pidfd, .events = POLLIN };

    for (int i = 0; i < DEATH_TIMEOUT_MS / LOOK_MS && has_name(pid, OWN_NAME); i++)
        if (poll(&process, 1, LOOK_MS) > 0)
            return has_name(pid, OWN_NAME);
    return false;
}

static bool ended_by_memory(pid_t pid, int pidfd)
{
    struct pollfd process = { .fd = pidfd, .events = POLLIN };

    if (pidfd >= 0)
        poll(&process, 1, DEATH_TIMEOUT_MS);
    return has_name(pid, OWN_NAME);
}

static int ended_error(pid_t pid, int pidfd, struct error *err)
{
    return has_name(pid, "(" BLOB_FILTERED_NAME ")")
               ? filter_error(pidfd, err)
               : error_set(err, -ECHILD, "the container's process ended before its program was executed");
}

int launch_check_waiting(pid_t pid, int pidfd, struct error *err)
{
    bool ended = look_at_memory(pid) == -ENOENT && ended_by_memory(pid, pidfd);

    return ended ? ended_error(pid, pidfd, err) : 0;
}

int launch_check_executed(pid_t pid, int pidfd, struct error *err)
{
    int r = look_at_memory(pid);
    bool ended = (r == -ENOENT && ended_by_memory(pid, pidfd)) || (r == -EACCES && ended_by_name(pid, pidfd));

    return ended ? ended_error(pid, pidfd, err) : 0;
}
