// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Processes by pid and start time, which is told in the time namespace of whoever asks: where it differs, the inode of the pidfd
 * tells (pidfs, Linux 6.9: no other process gets it before the next boot), and on older kernels the start time without the
 * namespaces' offsets.
 *
 * Without a race: the pidfd is opened first and the start time looked at after. If
 * the pid had been reused before the opening, the process behind the pidfd started later than ours, and no later look
 * at /proc/PID/stat can show our start time again.
 */
#include "state/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "plan/blob.h"
#include "state/boot_offset.h"
#include "sys/files.h"
#include "sys/process.h"

#define PIDFS_MAGIC 0x50494446

#define GAP_MS           10 /* between two looks, where there is no event to wait for */
#define STATUS_LIMIT     ((size_t) 64 << 10)
#define STAT_SIZE        2048 /* a name and some fifty numbers */
#define FIELD_STATE      3    /* proc_pid_stat(5) counts from 1 */
#define FIELD_PARENT     4
#define FIELD_FLAGS      9
#define FIELD_START_TIME 22
#define PF_EXITING       0x4
#define IGNORED          "SigIgn:" /* of proc_pid_status(5) */

/*
 * A /proc with hidepid=2 does not show an ordinary user a process of his that has entered a user namespace and has not
 * executed anything there: it waits for the start.
 */
#define HIDDEN (-EACCES)

struct process {
    char state; /* 'R', 'Z', ... ; 0 when there is no such process */
    pid_t parent;
    uint64_t start_time;
    bool waiting; /* it has the name of a crun-init that waits for the start */
    bool ending;  /* its memory and its namespaces may be gone already */
    int failed;   /* -errno: it could not be looked at, whether it is there or not */
};

/* The name is field 2, in parentheses. */
static bool is_named(const char *line, const char *name)
{
    const char *at = strchr(line, '(');
    size_t length = strlen(name);

    return at && strncmp(at + 1, name, length) == 0 && at[1 + length] == ')' && at + 1 + length == strrchr(line, ')');
}

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

/* One record, made as a whole by the first read. No memory is needed (hook_note). */
static int read_stat(pid_t pid, char line[STAT_SIZE])
{
    _cleanup_close_ int fd = -1;
    char path[32];
    ssize_t n;

    snprintf(path, sizeof path, "/proc/%d/stat", (int) pid);
    fd = pid > 0 ? openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC) : -1; /* open(3) of musl is two calls */
    if (fd < 0)
        return pid > 0 ? -errno : -ESRCH;
    do
        n = read(fd, line, STAT_SIZE - 1);
    while (n < 0 && errno == EINTR);
    line[n > 0 ? n : 0] = '\0';
    return n < 0 ? -errno : 0;
}

static struct process process_read(pid_t pid)
{
    char line[STAT_SIZE];
    const char *state, *parent, *flags, *start;
    int r = read_stat(pid, line);

    if (r == -ENOENT && pid > 0 && sys_kill(pid, 0) != -ESRCH)
        return (struct process){ .failed = HIDDEN, .waiting = true };
    if (r < 0)
        return (struct process){ .failed = r == -ENOENT || r == -ESRCH ? 0 : r };
    state = stat_field(line, FIELD_STATE);
    parent = stat_field(line, FIELD_PARENT);
    flags = stat_field(line, FIELD_FLAGS);
    start = stat_field(line, FIELD_START_TIME);
    if (!state || !parent || !flags || !start)
        return (struct process){ 0 };
    return (struct process){ .state = *state,
                             .parent = (pid_t) strtol(parent, NULL, 10),
                             .start_time = strtoull(start, NULL, 10),
                             .waiting = is_named(line, BLOB_WAITING_NAME),
                             .ending = strtoul(flags, NULL, 10) & PF_EXITING };
}

uint64_t process_start_time(pid_t pid)
{
    return process_read(pid).start_time;
}

pid_t process_parent(pid_t pid)
{
    return process_read(pid).parent;
}

uint64_t process_ignored(pid_t pid)
{
    _cleanup_free_ char *text = NULL;
    const char *value = NULL;
    char path[32];

    snprintf(path, sizeof path, "/proc/%d/status", (int) pid);
    if (file_read_record(AT_FDCWD, path, STATUS_LIMIT, &text) >= 0)
        value = strstr(text, "\n" IGNORED); /* the name above it has no line ends: they are escaped */
    return value ? strtoull(value + sizeof IGNORED, NULL, 16) : ALL_SIGNALS;
}

/* 0 before Linux 6.9, where all pidfds share an inode. */
static uint64_t pidfd_inode(int pidfd)
{
    struct statfs fs;
    struct stat st;

    return sys_fstatfs(pidfd, &fs) >= 0 && fs.f_type == PIDFS_MAGIC && fstat(pidfd, &st) >= 0 ? st.st_ino : 0;
}

void process_note(struct state *state, int pidfd)
{
    state->pid_start_time = process_start_time(state->pid);
    state->pidfd_inode = pidfd < 0 ? 0 : pidfd_inode(pidfd);
    if (state->pid_start_time && !state->pidfd_inode)
        state->pid_start_time -= (uint64_t) boot_offset();
}

static bool is_by_inode(const struct state *state)
{
    _cleanup_close_ int fd = sys_pidfd_open(state->pid, 0);

    return fd >= 0 && pidfd_inode(fd) == state->pidfd_inode;
}

static bool has_start_time(const struct process *process, const struct state *state)
{
    if (process->start_time == state->pid_start_time)
        return true;
    if (state->pidfd_inode)
        return is_by_inode(state);
    return process->start_time - (uint64_t) boot_offset() == state->pid_start_time;
}

static bool is_first(const struct process *process, const struct state *state)
{
    return process->state && process->state != 'Z' && process->state != 'X' && has_start_time(process, state);
}

/* 1: it is there, 0: it is gone, or why that cannot be told. */
static int process_compare(const struct process *process, const struct state *state)
{
    if (process->failed == HIDDEN && state->pidfd_inode)
        return is_by_inode(state);
    return process->failed ? process->failed : is_first(process, state);
}

static int process_look(const struct state *state)
{
    struct process process = process_read(state->pid);

    return process_compare(&process, state);
}

/* Where it cannot be told (no descriptor, no memory) a process of its number counts as it: taken for stopped, a running
 * container would be deleted. */
bool process_is_there(const struct state *state, bool *ret_waiting)
{
    struct process process = process_read(state->pid);
    int r = process_compare(&process, state);

    *ret_waiting = process.waiting;
    return r < 0 ? sys_kill(state->pid, 0) != -ESRCH : r;
}

bool process_is_alive(const struct state *state)
{
    bool waiting;

    return process_is_there(state, &waiting);
}

bool process_is_ending(const struct state *state)
{
    struct process process = process_read(state->pid);

    return process.ending || process_compare(&process, state) == 0;
}

/* What was opened by the process's number is that process's if it is there by now. */
static int checked(const struct state *state, int opened_fd)
{
    _cleanup_close_ int fd = opened_fd;
    int r = process_look(state);

    return r > 0 ? take_fd(&fd) : r == 0 ? -ESRCH : r;
}

int state_pidfd(const struct state *state)
{
    int fd = state->pid > 0 ? (int) syscall(SYS_pidfd_open, state->pid, 0) : -1;

    if (fd < 0)
        return state->pid <= 0 || errno == EINVAL ? -ESRCH : -errno;
    return checked(state, fd);
}

int state_proc_directory(const struct state *state)
{
    char path[32];
    int fd;

    snprintf(path, sizeof path, "/proc/%d", state->pid);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? -ESRCH : -errno;
    return checked(state, fd);
}

static bool is_blocked(int code)
{
    return code == -ENOSYS || code == -EPERM;
}

int state_signal(const struct state *state, int signal)
{
    _cleanup_close_ int pidfd = state_pidfd(state);
    int r = pidfd < 0 ? pidfd : sys_pidfd_send_signal(pidfd, signal);

    if (!is_blocked(r))
        return r;
    r = process_look(state);
    return r > 0 ? sys_kill(state->pid, signal) : r == 0 ? -ESRCH : r;
}

static int wait_by_looking(const struct state *state, int timeout_ms)
{
    for (int waited = 0; process_is_alive(state); waited += GAP_MS) {
        if (waited >= timeout_ms)
            return -ETIMEDOUT;
        poll(NULL, 0, GAP_MS);
    }
    return 0;
}

int state_wait_gone(const struct state *state, int pidfd, int timeout_ms)
{
    struct pollfd entry = { .fd = pidfd, .events = POLLIN };
    int n;

    if (pidfd < 0)
        return pidfd == -ESRCH ? 0 : wait_by_looking(state, timeout_ms);
    do
        n = poll(&entry, 1, timeout_ms);
    while (n < 0 && errno == EINTR);
    return n == 0 ? -ETIMEDOUT : 0;
}
