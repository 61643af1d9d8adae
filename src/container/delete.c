// SPDX-License-Identifier: LGPL-2.1-or-later
/* delete: kill when asked, then cgroups, then hooks, and the state directory last, so that it can be done again. */
#include <errno.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroup/cgroup.h"
#include "container/context.h"

enum { REMOVE_TIMEOUT_MS = 10000 };

static int remove_cgroups(const struct container *container, struct error *err)
{
    const struct state *state = &container->state;
    int r = 0;

    for (size_t i = 0; i < state->n_cgroups; i++) {
        int one = cgroup_remove(&state->cgroups[i], REMOVE_TIMEOUT_MS, r < 0 ? NULL : err);

        r = r < 0 ? r : one;
    }
    return r;
}

int container_remove(struct crun_context *context, struct container *container, struct error *err)
{
    struct error hook_error = { 0 };
    int r = remove_cgroups(container, err);

    if (r < 0)
        return r;
    if (!container->half_made && !container->state.creating &&
        container_hooks(context, container, HOOK_POSTSTOP, STATE_STOPPED, &hook_error) < 0)
        log_write(context->log, LOG_LEVEL_WARNING, "poststop hooks were not run: %s", hook_error.text);
    if (container->state.pid_file)
        unlink(container->state.pid_file);
    return state_dir_remove(context->root_fd, container->state.id, container->dir_fd, err);
}

/* Nothing can be known of what a damaged state described: its directory goes, and the log says why. */
static int remove_damaged(struct crun_context *context, const char *id, struct error *err)
{
    _cleanup_close_ int dir_fd = -1;
    int r = state_check_id(id, err);

    if (r < 0)
        return r;
    log_write(context->log, LOG_LEVEL_WARNING, "%s: only the state directory is removed", err->text);
    r = state_dir_open(context->root_fd, id, LOCK_EX, &dir_fd, err);
    return r < 0 ? r : state_dir_remove(context->root_fd, id, dir_fd, err);
}

static bool may_kill(enum state_status status, bool force)
{
    return force || status == STATE_CREATED || status == STATE_STOPPED;
}

int crun_delete(struct crun_context *context, const char *id, bool force, struct crun_error *error)
{
    _cleanup_(container_close) struct container container;
    struct error *err = own_error(error);
    enum state_status status;
    int r = container_open(context, id, LOCK_EX, &container, err);

    if (r == -ENOENT && force)
        return 0;
    if (r == -EINVAL && force)
        return remove_damaged(context, id, err);
    if (r < 0)
        return r;
    status = container_status(&container);
    if (!may_kill(status, force))
        return error_set(err, -EBUSY, "cannot delete container \"%s\" that is not stopped: %s (use --force to kill it)",
                         id, state_status_name(status));
    r = container_kill_all(&container, err);
    return r < 0 ? r : container_remove(context, &container, err);
}
