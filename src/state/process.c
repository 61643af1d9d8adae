// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Processes by pid and start time. Without a race: the pidfd is opened first and the start time looked at after. If
 * the pid had been reused before the opening, the process behind the pidfd started later than ours, and no later look
 * at /proc/PID/stat can show our start time again.
 */
#include "state/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "sys/compat.h"

#define STAT_LIMIT       ((size_t) 64 << 10)
#define FIELD_STATE      3 /* proc_pid_stat(5) counts from 1 */
#define FIELD_START_TIME 22

struct process {
    char state; /* 'R', 'Z', ... ; 0 when there is no such process */
    uint64_t start_time;
};

/* Field N of a stat line. The name in field 2 may hold anything, ")" and spaces too: the last ")" ends it. */
static const char *stat_field(const char *line, unsigned n)
{
    const char *at = strrchr(line, ')');

    for (unsigned field = 2; at && field < n; field++) {
        at = strchr(at, ' ');
        at = at ? at + 1 : NULL;
    }
    return at;
}

static struct process process_read(pid_t pid)
{
    _cleanup_free_ char *line = NULL;
    char path[32];
    const char *state, *start;

    snprintf(path, sizeof path, "/proc/%d/stat", (int) pid);
    if (pid <= 0 || file_read(AT_FDCWD, path, STAT_LIMIT, &line, NULL) < 0)
        return (struct process){ 0 };
    state = stat_field(line, FIELD_STATE);
    start = stat_field(line, FIELD_START_TIME);
    if (!state || !start)
        return (struct process){ 0 };
    return (struct process){ .state = *state, .start_time = strtoull(start, NULL, 10) };
}

uint64_t process_start_time(pid_t pid)
{
    return process_read(pid).start_time;
}

bool process_is_alive(const struct state *state)
{
    struct process process = process_read(state->pid);

    return process.state && process.state != 'Z' && process.state != 'X' && process.start_time == state->pid_start_time;
}

int state_pidfd(const struct state *state)
{
    _cleanup_close_ int fd = -1;

    if (state->pid <= 0)
        return -ESRCH;
    fd = (int) syscall(SYS_pidfd_open, state->pid, 0);
    if (fd < 0)
        return errno == EINVAL ? -ESRCH : -errno;
    return process_is_alive(state) ? take_fd(&fd) : -ESRCH;
}
