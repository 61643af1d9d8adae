// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Standing in for the container's process towards whoever started us: a shell, a supervisor, a CI job. What they send
 * to us goes to the process, what it is in the end we are too.
 *
 * Signals are blocked before the process exists, so that none is lost, and read from a signalfd: there is no handler,
 * nothing is interrupted, and one poll loop sees signals, the end of the process (pidfd) and the terminal. The process
 * is signalled by its pidfd (or where that is blocked by its number, which stays its own until we have waited for it).
 *
 * Job control: the container's process has a session of its own, so a stop from the keyboard reaches only us. We pass
 * it on (a shell in the container may care) and stop as if we had no part in it; the terminal's modes are restored for
 * the time being. A process that leads a session is not stopped by it, and one that has our terminal without having one
 * of its own would read what is now for the shell: its group gets SIGSTOP, and SIGCONT when we go on. After SIGCONT, which may also follow a SIGSTOP that we did not see, the terminal is raw again.
 * Who has no terminal of his own, as under an engine, is nobody's job: what is sent to him is for the container, as any other signal, and he
 * goes on relaying and waiting.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "launch/child.h"
#include "launch/launch.h"
#include "launch/relay.h"
#include "sys/process.h"

struct watch {
    int pidfd, signal_fd;
    pid_t pid;
    bool reaps, ended;
    struct notify *notify; /* or NULL */
    struct relay relay;
};

/* ---- before ---- */

/* All: SIGSEGV and the like too, for a fault of our own ends us whether it is blocked or not. Left out is a SIGHUP that
 * nohup(1) has had ignored: blocked, it would be delivered to the signalfd all the same. */
static void forwarded_signals(sigset_t *ret_set)
{
    struct sigaction hangup;

    memset(ret_set, 0xff, sizeof *ret_set); /* sigfillset(3) leaves out real-time signals that the C library uses */
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler == SIG_IGN)
        sigdelset(ret_set, SIGHUP);
}

static int become_subreaper(struct foreground *foreground, struct error *err)
{
    int r = sys_prctl(PR_GET_CHILD_SUBREAPER, (unsigned long) &foreground->was_subreaper, 0);

    if (r >= 0)
        r = sys_prctl(PR_SET_CHILD_SUBREAPER, 1, 0);
    return r < 0 ? error_errno(err, r, "prctl PR_SET_CHILD_SUBREAPER") : 0;
}

int foreground_prepare(struct foreground *foreground, bool subreaper, struct error *err)
{
    struct sigaction inherit = { .sa_handler = SIG_DFL };
    int r;

    *foreground = (struct foreground){ .subreaper = subreaper, .cancel.signal_fd = -1 };
    r = subreaper ? become_subreaper(foreground, err) : 0;
    if (r < 0)
        return r;
    forwarded_signals(&foreground->forwarded);
    sigprocmask(SIG_BLOCK, &foreground->forwarded, &foreground->mask);
    /* Where SIGCHLD is ignored the kernel reaps by itself, and exit statuses are lost. */
    sigaction(SIGCHLD, &inherit, &foreground->child);
    foreground->prepared = true;
    return cancel_open(&foreground->cancel, &foreground->mask, err);
}

/* Signals for a process that has ended meanwhile must not strike us when they are let through again: we are about to
 * end with its status, and to clean up before. */
static void discard_pending(const struct foreground *foreground)
{
    struct timespec now = { 0 };

    while (sigtimedwait(&foreground->forwarded, NULL, &now) > 0 || errno == EINTR)
        ;
}

void foreground_done(struct foreground *foreground)
{
    if (!foreground->prepared)
        return;
    foreground->prepared = false;
    if (foreground->waited)
        discard_pending(foreground);
    cancel_close(&foreground->cancel);
    sigaction(SIGCHLD, &foreground->child, NULL);
    if (foreground->subreaper)
        sys_prctl(PR_SET_CHILD_SUBREAPER, (unsigned long) foreground->was_subreaper, 0);
    sigprocmask(SIG_SETMASK, &foreground->mask, NULL);
}

/* ---- children ---- */

/* Every child that has ended, but not the container's process: its status is taken at the end. */
static void reap_others(const struct watch *watch)
{
    siginfo_t info;

    while (watch->reaps) {
        info.si_pid = 0;
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0 || info.si_pid == watch->pid)
            return;
        waitid(P_PID, (id_t) info.si_pid, &info, WEXITED | WNOHANG);
    }
}

/* Sandboxes with an older idea of waitid know no P_PIDFD; the number is ours as long as it is not reaped. */
static int take_status(const struct watch *watch, int *ret_status, bool *ret_killed, struct error *err)
{
    siginfo_t info = { 0 };
    int r;

    do
        r = sys_waitid(SYS_P_PIDFD, watch->pidfd, &info, WEXITED);
    while (r == -EINTR);
    if (r == -EINVAL)
        r = sys_waitid(SYS_P_PID, watch->pid, &info, WEXITED);
    if (r < 0)
        return error_errno(err, r, "the exit status of process %d", (int) watch->pid);
    *ret_status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    *ret_killed = info.si_code != CLD_EXITED && info.si_status == SIGKILL;
    return 0;
}

/* ---- signals ---- */

/* An error says that it has ended, which the pidfd tells as well, or that we may not: as kill(1) could not. */
static void forward(struct watch *watch, int number)
{
    if (watch->ended)
        relay_abandon(&watch->relay); /* somebody does not want to wait for the last output to be read */
    else
        child_signal(watch->pidfd, watch->pid, number);
}

/* Before Linux 6.9 to the one process. */
static void signal_job(const struct watch *watch, int number)
{
    if (watch->relay.master < 0 && !watch->ended && sys_pidfd_send_signal_group(watch->pidfd, number) < 0)
        child_signal(watch->pidfd, watch->pid, number);
}

/* The default action of a stop signal; the kernel knows when there is no shell that would let us go on. */
static void stop(struct watch *watch, int number)
{
    sigset_t set;

    signal_job(watch, SIGSTOP);
    relay_suspend(&watch->relay);
    sigemptyset(&set);
    sigaddset(&set, number);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    sigprocmask(SIG_BLOCK, &set, NULL);
    relay_resume(&watch->relay);
    signal_job(watch, SIGCONT);
}

/* From the keyboard, or one of our streams is our terminal. */
static bool is_for_a_job(const struct signalfd_siginfo *info)
{
    bool own = info->ssi_code == SI_KERNEL;

    for (int fd = 0; fd <= STDERR_FILENO && !own; fd++)
        own = tcgetpgrp(fd) >= 0; /* of the controlling terminal only */
    return own;
}

static void take_signal(struct watch *watch, const struct signalfd_siginfo *info)
{
    int number = (int) info->ssi_signo;

    switch (number) {
    case SIGCHLD:
        reap_others(watch);
        return;
    case SIGWINCH:
        if (watch->relay.master < 0)
            break;
        relay_resize(&watch->relay); /* and the kernel tells the container */
        return;
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
        forward(watch, number);
        if (is_for_a_job(info))
            stop(watch, number);
        return;
    case SIGCONT:
        relay_resume(&watch->relay);
        child_signal(watch->pidfd, watch->pid, number);
        return;
    default:
        break;
    }
    forward(watch, number);
}

static void take_signals(struct watch *watch)
{
    struct signalfd_siginfo info;

    while (read(watch->signal_fd, &info, sizeof info) == (ssize_t) sizeof info)
        if (info.ssi_signo != SIGPIPE || info.ssi_pid != (uint32_t) getpid()) /* of the relay, which sees the error */
            take_signal(watch, &info);
}

/* ---- the loop ---- */

/* Of two timeouts for poll(2). */
static int earlier(int a, int b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int turn(struct watch *watch)
{
    enum { SIGNALS, PROCESS, NOTIFY, RELAY, ALL = RELAY + RELAY_FDS };
    struct pollfd set[ALL] = {
        [SIGNALS] = {.fd = watch->signal_fd, .events = POLLIN },
        [PROCESS] = { .fd = watch->ended ? -1 : watch->pidfd,                     .events = POLLIN },
        [NOTIFY] = { .fd = -1},
    };
    int timeout = relay_poll_set(&watch->relay, &set[RELAY]);

    if (watch->notify) {
        set[NOTIFY] = notify_poll(watch->notify);
        timeout = earlier(timeout, notify_timeout(watch->notify));
    }
    if (poll(set, ALL, timeout) < 0)
        return errno == EINTR ? 0 : -errno;
    if (set[SIGNALS].revents)
        take_signals(watch);
    if (watch->notify && (set[NOTIFY].revents || set[PROCESS].revents || watch->notify->unsent))
        notify_forward(watch->notify, watch->pid);
    relay_move(&watch->relay, &set[RELAY]);
    if (set[PROCESS].revents) {
        watch->ended = true;
        relay_end(&watch->relay);
    }
    return 0;
}

static int watch_process(struct watch *watch, const sigset_t *signals, int *terminal_fd, struct error *err)
{
    int r = relay_init(&watch->relay, take_fd(terminal_fd), err);

    watch->signal_fd = r < 0 ? -1 : signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (r >= 0 && watch->signal_fd < 0)
        r = error_errno(err, -errno, "signalfd for the signals to forward");
    while (r >= 0 && !(watch->ended && relay_finished(&watch->relay))) {
        r = turn(watch);
        if (r < 0)
            error_errno(err, r, "wait for the container's process: poll");
    }
    relay_done(&watch->relay);
    fd_close(&watch->signal_fd);
    return r;
}

/* Nobody reads it: whoever that is does not want it. Anything else is for whoever asks for the exit status. */
static int check_output(const struct relay *relay, int *ret_status, struct error *err)
{
    switch (relay->out_lost) {
    case 0:
    case -EPIPE:
    case -EIO:
    case -ECONNRESET:
    case -EBADF:
        return 0;
    default:
        *ret_status = *ret_status ? *ret_status : 1;
        return error_errno(err, relay->out_lost, "write what the terminal shows to standard output");
    }
}

int foreground_wait(struct foreground *foreground, int pidfd, pid_t pid, int *terminal_fd, int *ret_status,
                    struct error *err)
{
    struct watch watch = { .pidfd = pidfd, .pid = pid, .reaps = foreground->subreaper, .notify = foreground->notify };
    int r = watch_process(&watch, &foreground->forwarded, terminal_fd, err);

    if (r >= 0)
        r = take_status(&watch, ret_status, &foreground->killed, err);
    if (r >= 0)
        r = check_output(&watch.relay, ret_status, err);
    reap_others(&watch);
    discard_pending(foreground);
    foreground->waited = true;
    return r;
}
