// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The group is signalled by a number, and the rule (decision 0160) is that nobody else may have it by then. The leader is held by
 * a pidfd and known by its start time; the kernel takes the group by that pidfd (Linux 6.9), or else the leader is stopped first: as long as
 * it does not end, its number stays.
 */
#include "state/hook.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "state/process.h"
#include "state/state.h"
#include "sys/process.h"

#define POSTSTOP 'p' /* kinds in the file */
#define OTHER    'h'

struct note {
    struct state leader; /* pid and start time */
    char kind;
};

void hook_note(int dir_fd, bool poststop)
{
    struct state self = { .pid = sys_getpid() };
    _cleanup_close_ int fd =
        openat(dir_fd, STATE_HOOK, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    char text[64];
    int n;

    process_note(&self, -1);
    n = snprintf(text, sizeof text, "%d %" PRIu64 " %c\n", self.pid, self.pid_start_time, poststop ? POSTSTOP : OTHER);
    if (fd >= 0 && write(fd, text, (size_t) n) != n)
        hook_forget(dir_fd);
}

void hook_forget(int dir_fd)
{
    if (dir_fd >= 0)
        unlinkat(dir_fd, STATE_HOOK, 0);
}

/* False: none is noted, or what is there is not (yet) a note. */
static bool read_note(int dir_fd, struct note *ret)
{
    _cleanup_close_ int fd = openat(dir_fd, STATE_HOOK, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    char text[64];
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    int pid;

    if (n <= 0)
        return false;
    text[n] = '\0';
    *ret = (struct note){ 0 };
    if (sscanf(text, "%d %" SCNu64 " %c", &pid, &ret->leader.pid_start_time, &ret->kind) != 3 || pid <= 1)
        return false;
    ret->leader.pid = pid;
    return true;
}

static void kill_group(const struct state *leader)
{
    _cleanup_close_ int pidfd = state_pidfd(leader);

    if (pidfd < 0 || sys_pidfd_send_signal_group(pidfd, SIGKILL) >= 0)
        return;
    if (sys_pidfd_send_signal(pidfd, SIGSTOP) >= 0)
        sys_kill(-leader->pid, SIGKILL);
}

void hook_end(int dir_fd, enum hook_end which)
{
    struct note note;

    if (read_note(dir_fd, &note) && (which == HOOK_END_ANY || note.kind != POSTSTOP))
        kill_group(&note.leader);
}

bool hook_is_caller(int dir_fd)
{
    struct note note;

    if (!read_note(dir_fd, &note) || !process_is_alive(&note.leader))
        return false;
    for (pid_t pid = getppid(); pid > 1; pid = process_parent(pid))
        if (pid == note.leader.pid)
            return true;
    return getsid(0) == note.leader.pid;
}
