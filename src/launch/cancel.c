// SPDX-License-Identifier: LGPL-2.1-or-later
/* See cancel.h. Nothing is ever read from the descriptor: that would take the signal away. */
#include "launch/cancel.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/signalfd.h>

#include "base/fd.h"

/* What is ignored (nohup(1), a shell's background job) must not end us either, and being blocked it would be seen. */
static bool would_end_us(int number, const sigset_t *mask)
{
    struct sigaction action;

    return !sigismember(mask, number) && sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_IGN;
}

static void ending_signals(const sigset_t *mask, sigset_t *ret_set)
{
    static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

    sigemptyset(ret_set);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        if (would_end_us(signals[i], mask))
            sigaddset(ret_set, signals[i]);
}

int cancel_open(struct cancel *cancel, const sigset_t *mask, struct error *err)
{
    sigset_t set;

    ending_signals(mask, &set);
    cancel->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return cancel->signal_fd < 0 ? error_errno(err, -errno, "signalfd for the signals that end us") : 0;
}

void cancel_close(struct cancel *cancel)
{
    fd_close(&cancel->signal_fd);
}

int cancel_hold(struct cancel *cancel, struct error *err)
{
    sigset_t set;
    int r;

    sigprocmask(SIG_SETMASK, NULL, &cancel->mask);
    ending_signals(&cancel->mask, &set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    r = cancel_open(cancel, &cancel->mask, err);
    cancel->held = r >= 0;
    if (r < 0)
        sigprocmask(SIG_SETMASK, &cancel->mask, NULL);
    return r;
}

void cancel_release(struct cancel *cancel)
{
    if (!cancel->held)
        return;
    cancel->held = false;
    cancel_close(cancel);
    sigprocmask(SIG_SETMASK, &cancel->mask, NULL);
}

bool cancel_pending(const struct cancel *cancel)
{
    struct pollfd set = { .fd = cancel ? cancel->signal_fd : -1, .events = POLLIN };

    return poll(&set, 1, 0) > 0;
}

int cancel_wait(const struct cancel *cancel, int fd, long seconds, struct error *err)
{
    struct pollfd set[] = {
        {.fd = fd,                               .events = POLLIN},
        { .fd = cancel ? cancel->signal_fd : -1, .events = POLLIN},
    };
    const struct timespec timeout = { .tv_sec = seconds };
    int n;

    do
        n = ppoll(set, 2, seconds > 0 ? &timeout : NULL, NULL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return error_errno(err, -errno, "wait for the container's process: poll");
    if (set[0].revents) /* what came to its end is not interrupted: the program runs, and the signal is for it */
        return 1;
    return set[1].revents ? error_set(err, -EINTR, "interrupted by a signal") : 0;
}
