// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Running a hook in the runtime's namespaces: the state document on standard input (a memfd at its start, so that a hook
 * that does not read it costs nobody a broken pipe), standard output to /dev/null, the tail of standard error kept for
 * the message. Its end is waited for by pidfd, so that a timeout needs no signal handler.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "launch/launch.h"
#include "sys/files.h"
#include "sys/process.h"

enum { TAIL = 400 };

int document_fd(const char *text, struct error *err)
{
    _cleanup_close_ int fd = sys_memfd_create("crun-state", MFD_CLOEXEC);
    int r = fd < 0 ? fd : fd_write_all(fd, text, strlen(text));

    if (r < 0)
        return error_errno(err, r, "memfd_create for the state document");
    lseek(fd, 0, SEEK_SET);
    return take_fd(&fd);
}

static int append_to(const char *path, struct error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644);

    return fd < 0 ? error_errno(err, -errno, "open \"%s\" for the output of hooks", path) : fd;
}

static int output_fd(const char *path, struct error *err)
{
    int fd = path ? append_to(path, err) : open("/dev/null", O_WRONLY | O_CLOEXEC);

    return fd < 0 && !path ? error_errno(err, -errno, "open \"/dev/null\"") : fd;
}

/* Kept in memory for the message, unless somebody wants it in a file. */
static int errors_fd(const char *path, struct error *err)
{
    int fd = path ? append_to(path, err) : sys_memfd_create("crun-hook-stderr", MFD_CLOEXEC);

    return fd < 0 && !path ? error_errno(err, fd, "memfd_create for standard error") : fd;
}

static void __attribute__((noreturn)) hook_child(const struct hook_run *run, int in, int out, int errors)
{
    sigset_t none;

    sigemptyset(&none);
    for (int signal = 1; signal < NSIG; signal++)
        sigaction(signal, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(errors, 2) < 0)
        _exit(127);
    sys_close_range(3, ~0u, 0);
    execve(run->path, run->args, run->env);
    dprintf(2, "execve %s: %s", run->path, strerror(errno));
    _exit(127);
}

/* The last words of the hook, without line ends. */
static void append_tail(int errors, struct error *err)
{
    char tail[TAIL + 1];
    off_t end = lseek(errors, 0, SEEK_END), start = end > TAIL ? end - TAIL : 0;
    ssize_t n = end > 0 ? pread(errors, tail, TAIL, start) : 0;

    while (n > 0 && (tail[n - 1] == '\n' || tail[n - 1] == ' '))
        n--;
    if (n <= 0)
        return;
    tail[n] = '\0';
    error_append(err, ", stderr: %s", tail);
}

static int result(const siginfo_t *info, int errors, struct error *err)
{
    if (info->si_code == CLD_EXITED && info->si_status == 0)
        return 0;
    if (info->si_code == CLD_EXITED)
        error_set(err, -EPIPE, "exit status %d", info->si_status);
    else
        error_set(err, -EPIPE, "killed by signal %d", info->si_status);
    append_tail(errors, err);
    return -EPIPE;
}

static int wait_hook(const struct hook_run *run, int pid, int pidfd, int errors, struct error *err)
{
    struct pollfd poll_entry = { .fd = pidfd, .events = POLLIN };
    siginfo_t info = { 0 };
    int n;

    do
        n = pidfd < 0 ? 1 : poll(&poll_entry, 1, run->timeout ? (int) (run->timeout * 1000) : -1);
    while (n < 0 && errno == EINTR);
    if (n == 0)
        kill(pid, SIGKILL); /* still our child: the pid cannot have been reused */
    while (waitid(P_PID, (id_t) pid, &info, WEXITED) < 0 && errno == EINTR)
        ;
    if (n == 0) {
        error_set(err, -ETIMEDOUT, "timed out after %ld s", run->timeout);
        append_tail(errors, err);
        return -ETIMEDOUT;
    }
    return result(&info, errors, err);
}

int hook_run(const struct hook_run *run, struct error *err)
{
    _cleanup_close_ int in = document_fd(run->document, err);
    _cleanup_close_ int out = in < 0 ? in : output_fd(run->stdout_path, err);
    _cleanup_close_ int errors = out < 0 ? out : errors_fd(run->stderr_path, err);
    _cleanup_close_ int pidfd = -1;
    int pid;

    if (errors < 0)
        return errors;
    pid = sys_clone(CLONE_PIDFD | SIGCHLD, &pidfd); /* a fork(2) that gives the pidfd, which a sandbox may not */
    if (pid < 0)
        return error_errno(err, pid, "clone");
    if (pid == 0)
        hook_child(run, in, out, errors);
    return wait_hook(run, pid, pidfd, errors, err);
}
