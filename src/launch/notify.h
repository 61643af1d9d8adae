// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The proxy of sd_notify(3): a datagram socket in a directory that is mounted into the container, whose lines go on to
 * the NOTIFY_SOCKET that we were called with.
 *
 *     container ──▶ ROOT/ID/notify/NAME ──▶ us ──▶ $NOTIFY_SOCKET
 *
 * The container is not trusted with everything that a service manager listens to: only lines of the list in notify.c go
 * on. MAINPID of the container would be a number of its own pid namespace; the true one is added to READY=1.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "log/log.h"

#define NOTIFY_DIRECTORY "notify"

struct notify {
    int fd;     /* bound; -1: no proxy */
    bool ready; /* READY=1 has come */
    struct log *log;
    char *unsent; /* a message that waits for room in the manager's queue; NULL: none */
    size_t unsent_size;
    int target;       /* where it goes to, connected */
    int64_t deadline; /* in milliseconds */
    bool deaf;        /* nobody made room in time, or is there: later ones do not wait */
};

/* Why nothing can be handed on to the NOTIFY_SOCKET of our caller, VARIABLE; or NULL, also when nobody is there yet. */
const char *notify_refused(const char *variable);

/* Make the directory below DIR_FD, the container's, and bind NAME in it; anybody in the container may send there. */
int notify_open(struct notify *notify, int dir_fd, const char *name, struct log *log, struct error *err);
void notify_close(struct notify *notify);

/* What to call notify_forward for, and the milliseconds after which in any case, or -1. */
struct pollfd notify_poll(const struct notify *notify);
int notify_timeout(const struct notify *notify);

/* Hand on what has come, without waiting; PID is the container's process. What finds the manager's queue
 * full and is said only once, as READY=1, is kept for a while, and what comes after it waits; other messages are dropped.
 * The first that cannot be handed on is a warning. */
void notify_forward(struct notify *notify, int pid);

/* Until READY=1 has come and gone on, or the process PIDFD has ended. */
void notify_wait(struct notify *notify, int pidfd, int pid);
