// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An end to a launch that does not come to its end: somebody presses ^C while a hook hangs. Signals are blocked from
 * before the launch on (in the foreground all of them, to be forwarded; otherwise those that ask us to end), and the
 * latter are looked for wherever the launch waits for somebody else. They make that wait an error, so that all is undone,
 * and stay pending: when the mask is given back they have the effect that they would have had.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>

#include "base/error.h"

struct cancel {
    int signal_fd; /* readable when such a signal is pending; -1: there is none */
    bool held;     /* by cancel_hold, */
    sigset_t mask; /* which found this mask */
};

/* MASK: what the caller of us had blocked, which was not meant to end us. */
int cancel_open(struct cancel *cancel, const sigset_t *mask, struct error *err);
void cancel_close(struct cancel *cancel);

/* The same, and block them, for whoever has not done so; CANCEL is zeroed. From the release on, which does nothing to
 * what is not held, they strike. */
int cancel_hold(struct cancel *cancel, struct error *err);
void cancel_release(struct cancel *cancel);

/* Whether a signal asks us to end; CANCEL may be NULL. */
bool cancel_pending(const struct cancel *cancel);

/* Wait until FD can be read, at most so many SECONDS (0: for ever). 1: it can, 0: the time is over; -EINTR: a signal asks
 * us to end. CANCEL may be NULL. */
int cancel_wait(const struct cancel *cancel, int fd, long seconds, struct error *err);
