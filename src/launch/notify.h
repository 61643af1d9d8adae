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

#include <stdbool.h>

#include "base/error.h"

#define NOTIFY_DIRECTORY "notify"

struct notify {
    int fd;     /* bound; -1: no proxy */
    bool ready; /* READY=1 has come */
};

/* Make the directory below DIR_FD, the container's, and bind NAME in it; anybody in the container may send there. */
int notify_open(struct notify *notify, int dir_fd, const char *name, struct error *err);
void notify_close(struct notify *notify);

/* Hand on what has come, without waiting; PID is the container's process. */
void notify_forward(struct notify *notify, int pid);

/* Until READY=1 has come, or the process PIDFD has ended. */
void notify_wait(struct notify *notify, int pidfd, int pid);
