// SPDX-License-Identifier: LGPL-2.1-or-later
/* The word that a created container waits for, said over its start socket; failures of the last rows come back on it. */
#include <errno.h>
#include <poll.h>

#include "base/fd.h"
#include "launch/launch.h"

static int take_listener(int fd, const struct state *state, const struct listener *listener,
                         const struct message *message, int listener_fd, struct error *err)
{
    _cleanup_close_ int pidfd = listener_fd >= 0 ? -1 : state_pidfd(state);

    return listener_received(listener, state, pidfd, fd, message, listener_fd, err);
}

static int wait_answer(int fd, const struct state *state, const struct listener *listener, bool *ret_reached,
                       struct error *err)
{
    for (;;) {
        _cleanup_close_ int listener_fd = -1;
        struct message message;
        int r = message_receive(fd, &message, &listener_fd);

        if (r < 0)
            return error_errno(err, r, "receive from crun-init");
        if (r == 0)
            return 0;
        if (message.type == MESSAGE_FAILED)
            return message_error(&message, err);
        *ret_reached = *ret_reached || message.type == MESSAGE_REACHED;
        if (message.type == MESSAGE_LISTENER)
            r = take_listener(fd, state, listener, &message, listener_fd, err);
        if (r < 0)
            return r;
    }
}

enum { DEATH_TIMEOUT_MS = 1000 }; /* from its last descriptor to its end */

/* Whoever is the parent of the process may have taken its end already, and then nothing is left of it to be looked at. Hooks can
 * take long, so it says when they are done. */
static int check_ended_in_hooks(int pidfd, struct error *err)
{
    struct pollfd process = { .fd = pidfd, .events = POLLIN };

    if (poll(&process, 1, DEATH_TIMEOUT_MS) <= 0)
        return 0;
    return error_set(err, -ECHILD,
                     "the container's process ended in its startContainer hooks, before its program was executed");
}

int launch_start(int dir_fd, const struct state *state, const char *document, const struct listener *listener,
                 struct error *err)
{
    struct message message = { .type = MESSAGE_GO };
    _cleanup_close_ int fd = -1, document_file = -1, pidfd = state_pidfd(state);
    bool reached = !document;
    int r = state_connect(dir_fd, &fd);

    if (r < 0)
        return error_errno(err, r, "connect to the created container");
    if (document) {
        document_file = document_fd(document, err);
        if (document_file < 0)
            return document_file;
    }
    r = message_send(fd, &message, document_file);
    if (r == -EPIPE || r == -ECONNRESET)
        return error_set(err, -ECHILD, "the container's process ended before it could be told to start");
    if (r < 0)
        return error_errno(err, r, "tell the created container to start");
    r = wait_answer(fd, state, listener, &reached, err);
    if (r >= 0 && !reached && pidfd >= 0)
        r = check_ended_in_hooks(pidfd, err);
    return r < 0 || pidfd < 0 ? r : launch_check_executed(state->pid, pidfd, err);
}
