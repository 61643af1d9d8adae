// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The listener of a seccomp filter with SCMP_ACT_NOTIFY: from the container's process to the agent that was named for
 * it, with the specification's container process state, in one message; or to a plugin (launch/plugin.h).
 *
 *     crun-init                        crun                           agent
 *     seccomp(2): descriptor N
 *     LISTENER N ───── write(2) ─────▶ pidfd_getfd(2)
 *     waits            read(2)         connect, sendmsg ────────────▶ state and descriptor
 *              ◀──────── GO ───────────
 *     execve(2)
 *
 * From the filter on crun-init makes no other calls than these, since any other may be one that waits for the agent's
 * answer. Where the descriptor may not be taken (an ordinary user in somebody else's user namespace), GO asks for it.
 */
#pragma once

#include "base/error.h"
#include "launch/cancel.h"
#include "plan/blob.h"
#include "state/state.h"

struct listener {
    const char *path;   /* the agent's socket; NULL: no listener is expected, but by the plugin */
    const char *plugin; /* the program that takes the listener instead of an agent, or NULL */
    const char *metadata;
    const struct state *container; /* exec: the container that the process enters; NULL: it is the container's own */
    enum state_status status;      /* of that */
    const struct cancel *cancel;   /* signals that end the wait for the agent, or NULL */
};

/* MESSAGE_LISTENER has come on SYNC_FD from the process PIDFD of the container STATE, perhaps with the descriptor FD
 * (-1). Hand it on and say go, or ask for it. */
int listener_received(const struct listener *listener, const struct state *state, int pidfd, int sync_fd,
                      const struct message *message, int fd, struct error *err);
