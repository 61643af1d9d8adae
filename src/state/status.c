// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The status is never stored, it is what is there now: a file could only tell what was once. crun-init closes the start
 * socket by its exec, so "somebody listens" and "the user's program does not run yet" are one fact, without a moment
 * between. What listens has a name of its own, which spares us the question (docs/decisions/0232).
 */
#include "state/process.h"
#include "state/socket.h"
#include "state/state.h"

static const char *const names[] = {
    [STATE_CREATING] = "creating", [STATE_CREATED] = "created", [STATE_RUNNING] = "running",
    [STATE_PAUSED] = "paused",     [STATE_STOPPED] = "stopped",
};

const char *state_status_name(enum state_status status)
{
    return names[status];
}

enum state_status state_status(int dir_fd, const struct state *state)
{
    bool waiting;

    if (state->creating && state->pid == 0)
        return STATE_CREATING;
    if (!process_is_there(state, &waiting))
        return STATE_STOPPED;
    if (state->creating)
        return STATE_CREATING;
    if (socket_is_waiting(dir_fd, waiting))
        return STATE_CREATED;
    return STATE_RUNNING;
}
