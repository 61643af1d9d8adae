// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Running a hook in the runtime's namespaces: the state document on standard input (a memfd at its start, so that a hook
 * that does not read it costs nobody a broken pipe), standard output to nowhere, the tail of standard error kept for
 * the message. Its end is waited for by pidfd, so that a timeout needs no signal handler. That it could not be executed
 * comes back through a pipe that a successful exec closes. The texts are those of crun-init's hooks (init/hooks.c).
 *
 * A hook has a session of its own: what it has started, and did not send away, dies with it when its time is over or
 * somebody presses ^C, which its own group therefore must not get from the keyboard (decision 0181).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "launch/child.h"
#include "launch/launch.h"
#include "state/hook.h"
#include "sys/files.h"
#include "sys/process.h"

enum { TAIL = 300, PIPE_FD = 3 };

struct hook {
    const struct hook_run *run;
    const struct cancel *cancel;
    int in, out, errors, failed; /* FAILED: where the child says why it could not be executed */
    off_t errors_from;           /* what others had said before */
    int pid, pidfd;
};

int document_fd(const char *text, struct error *err)
{
    _cleanup_close_ int fd = sys_memfd_create("crun-state", MFD_CLOEXEC);
    int r = fd < 0 ? fd : fd_write_all(fd, text, strlen(text));

    if (r < 0)
        return error_errno(err, r, "memfd_create for the state document");
    lseek(fd, 0, SEEK_SET);
    return take_fd(&fd);
}

/* Nobody waits for the reader of a FIFO; once there is one, a hook may wait for it as for any other. */
int hook_output_open(const char *path, struct error *err)
{
    _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);

    if (fd < 0) {
        int r = error_errno(err, -errno, "open \"%s\" for the output of hooks", path);

        return r == -ENXIO ? error_append(err, " (nobody reads it)") : r;
    }
    if (fcntl(fd, F_SETFL, O_APPEND) < 0)
        return error_errno(err, -errno, "fcntl \"%s\"", path);
    return take_fd(&fd);
}

static bool is_null(int fd)
{
    struct stat st;

    return fstat(fd, &st) >= 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

/* Where nobody reads it. In a container's /dev there may be no null, or somebody's file by that name. */
int hook_nowhere_open(struct error *err)
{
    _cleanup_close_ int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    int fd;

    if (null_fd >= 0 && is_null(null_fd))
        return take_fd(&null_fd);
    fd = sys_memfd_create("crun-null", MFD_CLOEXEC);
    return fd < 0 ? error_errno(err, fd, "memfd_create for standard output") : fd;
}

static int output_fd(const char *path, struct error *err)
{
    return path ? hook_output_open(path, err) : hook_nowhere_open(err);
}

/* Kept in memory for the message, unless somebody wants it in a file. */
static int errors_fd(const char *path, struct error *err)
{
    int fd = path ? hook_output_open(path, err) : sys_memfd_create("crun-hook-stderr", MFD_CLOEXEC);

    return fd < 0 && !path ? error_errno(err, fd, "memfd_create for standard error") : fd;
}

static int become_hook(const struct hook *hook)
{
    if (dup2(hook->in, 0) < 0 || dup2(hook->out, 1) < 0 || dup2(hook->errors, 2) < 0)
        return -errno;
    if (hook->failed != PIPE_FD && dup3(hook->failed, PIPE_FD, O_CLOEXEC) < 0)
        return -errno;
    fd_close_from(PIPE_FD + 1);
    execve(hook->run->path, hook->run->args, hook->run->env);
    return -errno;
}

/* Who wants the container deleted says so first and looks for a hook then; so one of the two finds the other. */
static int note(const struct hook_run *run)
{
    if (run->dir_fd < 0)
        return 0;
    hook_note(run->dir_fd, run->poststop);
    return !run->poststop && state_dir_is_doomed(run->dir_fd) ? -ECANCELED : 0;
}

static void __attribute__((noreturn)) hook_child(const struct hook *hook)
{
    int code;

    child_reset_signals();
    sys_setsid();
    code = note(hook->run);
    if (code >= 0)
        code = become_hook(hook);
    if (write(PIPE_FD, &code, sizeof code) < 0)
        _exit(126);
    _exit(127);
}

/* Where somebody wants it in a file the descriptor only writes; a FIFO's or a device's words are gone. */
static int reopen_errors(const struct hook *hook)
{
    struct stat st;
    char path[32];

    if (!hook->run->stderr_path || fstat(hook->errors, &st) < 0 || !S_ISREG(st.st_mode))
        return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", hook->errors);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* The last words of the hook, without line ends. */
static void append_tail(const struct hook *hook, struct error *err)
{
    _cleanup_close_ int again = reopen_errors(hook);
    int fd = again >= 0 ? again : hook->errors;
    char tail[TAIL + 1];
    off_t end = lseek(fd, 0, SEEK_END), start = end - TAIL > hook->errors_from ? end - TAIL : hook->errors_from;
    ssize_t n = end > start ? pread(fd, tail, (size_t) (end - start), start) : 0;

    while (n > 0 && (tail[n - 1] == '\n' || tail[n - 1] == ' '))
        n--;
    if (n <= 0)
        return;
    tail[n] = '\0';
    error_append(err, ", stderr: %s", tail);
}

static int tell_end(const struct hook *hook, bool late, const siginfo_t *info, struct error *err)
{
    const char *path = hook->run->path;

    if (late)
        error_set(err, -ETIMEDOUT, "\"%s\": timed out after %ld s", path, hook->run->timeout);
    else if (info->si_code != CLD_EXITED)
        error_set(err, -EPIPE, "\"%s\": killed by signal %d", path, info->si_status);
    else if (info->si_status != 0)
        error_set(err, -EPIPE, "\"%s\": exit status %d", path, info->si_status);
    else
        return 0;
    append_tail(hook, err);
    return late ? -ETIMEDOUT : -EPIPE;
}

static int wait_exec(const struct hook *hook)
{
    ssize_t n;
    int code;

    do
        n = read(hook->failed, &code, sizeof code);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t) sizeof code ? code : 0;
}

static int wait_hook(const struct hook *hook, struct error *err)
{
    siginfo_t info = { 0 };
    int failed = wait_exec(hook), n = 1;

    if (hook->pidfd >= 0)
        n = cancel_wait(hook->cancel, hook->pidfd, hook->run->timeout, err);
    if (n <= 0)
        kill(-hook->pid, SIGKILL); /* with what it has started; still our child: the number cannot have been reused */
    while (waitid(P_PID, (id_t) hook->pid, &info, WEXITED) < 0 && errno == EINTR)
        ;
    if (n < 0)
        return n;
    if (failed < 0)
        return error_errno(err, failed, "execve \"%s\"", hook->run->path);
    return tell_end(hook, n == 0, &info, err);
}

static int run_to_its_end(struct hook *hook, struct error *err)
{
    _cleanup_close_ int read_end = -1, write_end = -1;
    int ends[2], r;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_errno(err, -errno, "pipe2");
    read_end = ends[0];
    hook->failed = write_end = ends[1];
    hook->pid =
        sys_clone(CLONE_PIDFD | SIGCHLD, &hook->pidfd); /* a fork(2) that gives the pidfd, which a sandbox may not */
    if (hook->pid == 0)
        hook_child(hook);
    if (hook->pid < 0)
        return error_errno(err, hook->pid, "clone");
    fd_close(&write_end);
    hook->failed = read_end;
    r = wait_hook(hook, err);
    hook_forget(hook->run->dir_fd);
    fd_close(&hook->pidfd);
    return r;
}

static int run_cancellable(struct hook *hook, struct error *err)
{
    struct cancel own = { 0 };
    int r = hook->run->cancel ? 0 : cancel_hold(&own, err);

    hook->cancel = hook->run->cancel ? hook->run->cancel : &own;
    if (r >= 0)
        r = run_to_its_end(hook, err);
    cancel_release(&own);
    return r;
}

static off_t size_of(int fd)
{
    struct stat st;

    return fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ? 0 : st.st_size;
}

int hook_run(const struct hook_run *run, struct error *err)
{
    _cleanup_close_ int in = document_fd(run->document, err);
    _cleanup_close_ int out = in < 0 ? in : output_fd(run->stdout_path, err);
    _cleanup_close_ int errors = out < 0 ? out : errors_fd(run->stderr_path, err);
    struct hook hook = { .run = run, .in = in, .out = out, .errors = errors, .failed = -1, .pidfd = -1 };

    if (errors < 0)
        return errors;
    if (run->stderr_path)
        hook.errors_from = size_of(errors);
    return run_cancellable(&hook, err);
}
