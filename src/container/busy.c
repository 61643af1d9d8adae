// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A container whose lock somebody else has. Mostly that is over in a moment, and is waited for. Not where it would take as long as somebody's hooks
 * like (it is being created), or for ever (the command was called by a hook which that somebody waits for). And `delete --force`, which
 * is to end whatever there is, ends what he waits for: the container's processes and the hook; he then gives up, and says why.
 */
#include <errno.h>
#include <poll.h>
#include <sys/file.h>

#include "cgroup/cgroup.h"
#include "container/context.h"
#include "state/hook.h"

enum { FIRST_GAP_MS = 1, LAST_GAP_MS = 100 }; /* a lock has no time limit, and its end no event beside others */

int container_check_caller(const struct container *container, struct error *err)
{
    const struct cgroup_dir *cgroup = container_cgroup(container);

    if (hook_is_caller(container->dir_fd))
        return error_set(err, -EDEADLK, "container \"%s\" cannot be changed by its own hook, which is waited for",
                         container->state.id);
    return cgroup ? cgroup_check_outside(cgroup, err) : 0;
}

static int check_busy(const struct container *container, struct error *err)
{
    int r = container_check_caller(container, err);

    if (r >= 0 && container->state.creating)
        r = error_set(err, -EBUSY, "container \"%s\" is still being created", container->state.id);
    return r;
}

int container_lock(struct crun_context *context, const char *id, struct container *ret, struct error *err)
{
    int r = container_open(context, id, LOCK_EX | LOCK_NB, ret, err);

    if (r != -EWOULDBLOCK)
        return r;
    r = container_open(context, id, 0, ret, err);
    if (r >= 0)
        r = check_busy(ret, err);
    container_close(ret);
    return r < 0 ? r : container_open(context, id, LOCK_EX, ret, err);
}

/* In this order: a hook that begins later finds that it must not. */
static void end_what_is_waited_for(const struct container *container)
{
    state_dir_doom(container->dir_fd);
    container_kill_all(container, NULL);
    hook_end(container->dir_fd, HOOK_END_LAUNCH);
}

static int disturb(struct crun_context *context, const char *id, struct error *err)
{
    struct container container;
    int r = container_open(context, id, 0, &container, err);

    if (r == -EINVAL) /* a damaged state: there is nothing to go by */
        return 0;
    if (r >= 0)
        r = container_check_caller(&container, err);
    if (r >= 0)
        end_what_is_waited_for(&container);
    container_close(&container);
    return r;
}

int container_seize(struct crun_context *context, const char *id, struct container *ret, struct error *err)
{
    int gap = FIRST_GAP_MS, r;

    while ((r = container_open(context, id, LOCK_EX | LOCK_NB, ret, err)) == -EWOULDBLOCK) {
        r = disturb(context, id, err);
        if (r < 0)
            return r;
        poll(NULL, 0, gap);
        gap = gap < LAST_GAP_MS ? 2 * gap : LAST_GAP_MS;
    }
    return r;
}
