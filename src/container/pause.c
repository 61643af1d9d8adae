// SPDX-License-Identifier: LGPL-2.1-or-later
/* pause and resume: the freezer of the container's cgroup. A pause that fails half-way is taken back. */
#include <errno.h>
#include <sys/file.h>

#include "base/fd.h"
#include "cgroup/cgroup.h"
#include "container/context.h"

static int freeze(struct container *container, bool frozen, struct error *err)
{
    const struct cgroup_dir *cgroup = container_cgroup(container);
    int r;

    if (!cgroup)
        return error_set(err, -ENOTSUP, "container \"%s\" has no cgroup, it cannot be %s", container->state.id,
                         frozen ? "paused" : "resumed");
    r = cgroup_freeze(cgroup, frozen, err);
    if (r < 0 && frozen)
        cgroup_freeze(cgroup, false, NULL);
    return r;
}

int crun_pause(struct crun_context *context, const char *id, struct crun_error *error)
{
    _cleanup_(container_close) struct container container;
    struct error *err = own_error(error);
    int r = container_open(context, id, LOCK_EX, &container, err);

    if (r < 0)
        return r;
    switch (container_status(&container)) {
    case STATE_CREATED:
    case STATE_RUNNING:
        return freeze(&container, true, err);
    case STATE_PAUSED:
        return error_set(err, -EBUSY, "container already paused");
    case STATE_CREATING:
    case STATE_STOPPED:
        break;
    }
    return error_set(err, -ESRCH, "container not running");
}

int crun_resume(struct crun_context *context, const char *id, struct crun_error *error)
{
    _cleanup_(container_close) struct container container;
    struct error *err = own_error(error);
    int r = container_open(context, id, LOCK_EX, &container, err);

    if (r < 0)
        return r;
    switch (container_status(&container)) {
    case STATE_PAUSED:
        return freeze(&container, false, err);
    case STATE_CREATED:
    case STATE_RUNNING:
        return error_set(err, -EBUSY, "container not paused");
    case STATE_CREATING:
    case STATE_STOPPED:
        break;
    }
    return error_set(err, -ESRCH, "container not running");
}
