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

/* Without the question whether somebody waits, which is for those that are RUNNING then. */
static enum state_status status_by_process(const struct state *state, bool *ret_waiting)
{
    *ret_waiting = false;
    if (state->creating && state->pid == 0)
        return STATE_CREATING;
    if (!process_is_there(state, ret_waiting))
        return STATE_STOPPED;
    return state->creating ? STATE_CREATING : STATE_RUNNING;
}

enum state_status state_status(int dir_fd, const struct state *state)
{
    bool waiting;
    enum state_status status = status_by_process(state, &waiting);

    return status == STATE_RUNNING && socket_is_waiting(dir_fd, waiting) ? STATE_CREATED : status;
}

enum state_status state_look_status(int root_fd, const struct state *state)
{
    bool waiting;
    enum state_status status = status_by_process(state, &waiting);

    return status == STATE_RUNNING && socket_is_waiting_below(root_fd, state->id, waiting) ? STATE_CREATED : status;
}
