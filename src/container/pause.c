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

/* Freeze or thaw: only what is not so already. */
static int change(struct crun_context *context, const char *id, bool frozen, struct crun_error *error)
{
    _cleanup_(container_close) struct container container;
    struct error *err = own_error(error);
    int r = container_lock(context, id, &container, err);

    if (r >= 0)
        r = container_check_running(&container, err);
    if (r < 0)
        return r;
    if ((container_status(&container) == STATE_PAUSED) == frozen)
        return error_set(err, -EBUSY, frozen ? "container already paused" : "container not paused");
    return freeze(&container, frozen, err);
}

int crun_pause(struct crun_context *context, const char *id, struct crun_error *error)
{
    return change(context, id, true, error);
}

int crun_resume(struct crun_context *context, const char *id, struct crun_error *error)
{
    return change(context, id, false, error);
}
