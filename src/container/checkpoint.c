// SPDX-License-Identifier: LGPL-2.1-or-later
/* checkpoint: CRIU writes the container's processes to files. The container is stopped then and stays until it is
 * deleted, so that engines that look at it afterwards find it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroup/cgroup.h"
#include "container/criu.h"

static int check_status(struct container *container, struct error *err)
{
    switch (state_status(container->dir_fd, &container->state)) {
    case STATE_RUNNING:
    case STATE_PAUSED:
        return 0;
    case STATE_CREATED:
        return error_set(err, -EBUSY, "cannot checkpoint a container that is not started");
    case STATE_CREATING:
    case STATE_STOPPED:
        break;
    }
    return error_set(err, -ESRCH, "container not running");
}

/* CRIU stops the processes by this cgroup: all at one time, and also those that are paused, which would not let
 * themselves be stopped otherwise. */
static const char *freezer(const struct container *container, struct arena *arena)
{
    const struct cgroup_dir *dir = container_cgroup(container);

    if (!dir || !(dir->v2 || (dir->controllers && strstr(dir->controllers, "freezer"))))
        return NULL;
    return arena_printf(arena, "%s%s", dir->mount, dir->path);
}

static int ask(struct criu_call *call, struct container *container, struct error *err)
{
    const struct state *state = &container->state;
    int r = criu_mounts_dump(call, state->pid, err);

    call->request.pid = state->pid;
    call->request.root = state->rootfs;
    call->request.freeze_cgroup = freezer(container, call->arena);
    if (r >= 0)
        r = criu_streams_dump(call, state->pid, container_cgroup(container), err);
    if (r >= 0)
        r = criu_namespaces_dump(call, state->pid, err);
    if (r >= 0)
        r = criu_start(&call->criu, err);
    return r < 0 ? r : criu_call_send(call, err);
}

/* The page server waits for the other side: whoever starts that waits for this byte. */
static int tell_ready(const struct criu_call *call, struct error *err)
{
    int fd = (int) call->options->status_fd;

    if (fd == 0)
        return 0;
    if (write(fd, "", 1) != 1)
        return error_errno(err, -errno, "--status-fd %d", fd);
    close(fd);
    return 0;
}

static int dump(struct criu_call *call, struct container *container, struct error *err)
{
    int r = ask(call, container, err);

    if (r >= 0 && call->options->lazy_pages)
        r = criu_wait(&call->criu, "status-ready", err);
    if (r > 0)
        r = tell_ready(call, err);
    if (r >= 0)
        r = criu_wait(&call->criu, NULL, err);
    criu_call_done(call);
    return r;
}

int crun_checkpoint(struct crun_context *context, const char *id, const struct crun_checkpoint_options *options,
                    struct crun_error *error)
{
    _cleanup_(container_close) struct container container;
    struct criu_call call = { .context = context, .options = options };
    struct error *err = own_error(error);
    int r = container_lock(context, id, &container, err);

    if (r >= 0)
        r = check_status(&container, err);
    if (r >= 0)
        r = container_spec(&container, &call.spec, err);
    if (r < 0)
        return r;
    call.arena = &container.arena;
    call.bundle = container.state.bundle;
    r = criu_call_prepare(&call, options->pre_dump ? CRIU_PRE_DUMP : CRIU_DUMP, err);
    if (r >= 0)
        r = dump(&call, &container, err);
    criu_call_done(&call);
    if (r >= 0 && !options->leave_running && !options->pre_dump)
        r = container_kill_all(&container, err); /* CRIU has done it; what was paused must be let go to die */
    return r;
}
