// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * mounts add, mounts remove: other mounts for a container that runs. Planned and launched as everything else; the helper
 * that enters the container is crun-init. What was added is kept in the state, so that nothing else can be removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "container/context.h"
#include "container/prepare.h"
#include "container/target.h"
#include "spec/load.h"
#include "sys/process.h"

struct change {
    struct crun_context *context;
    const char *id, *file;
    bool removes;
    struct container container;
    struct spec spec; /* the container's, with the mounts of the file */
    struct host host;
    struct plan_target target;
    struct plan plan;
    struct state state; /* of the launch; never written */
    struct plan_added_mount *added;
    size_t n_added;
    bool recorded; /* the list names what was added now */
    int target_fd; /* the container's first process (target_open) */
    struct error *err;
};

/* ---- before ---- */

static int open_container(struct change *x)
{
    int r = container_lock(x->context, x->id, &x->container, x->err);

    if (r >= 0)
        r = container_check_running(&x->container, x->err);
    if (r < 0)
        return r;
    x->target_fd = target_open(&x->container.state, x->err);
    return x->target_fd < 0 ? x->target_fd : 0;
}

static int load(struct change *x)
{
    _cleanup_(document_done) struct document document = { 0 };
    const struct spec *own;
    int r = container_spec(&x->container, &own, x->err);

    if (r < 0)
        return r;
    x->spec = *own;
    r = context_read(x->context, &document, AT_FDCWD, x->file, x->err);
    if (r >= 0)
        r = spec_load_mounts(&document, &x->container.arena, &x->spec.mounts, &x->spec.n_mounts, x->err);
    if (r >= 0)
        r = state_mounts_read(x->container.dir_fd, &x->container.arena, &x->added, &x->n_added, x->err);
    return r;
}

static int find_target(struct change *x)
{
    unsigned needs = host_needs(&x->spec, false) & ~(unsigned) HOST_SUBIDS;
    int r = host_probe(&x->host, needs, &x->container.arena, x->err);

    if (r >= 0)
        r = target_find(&x->container, x->target_fd, &x->host, &x->container.arena, &x->target, x->err);
    x->target.added = x->added;
    x->target.n_added = x->n_added;
    return r;
}

static int make_plan(struct change *x)
{
    const struct plan_input input = {
        .spec = &x->spec,
        .host = &x->host,
        .id = x->id,
        .bundle = x->container.state.bundle,
        .manager = CGROUP_MANAGER_DISABLED,
        .as_runc = x->context->as_runc,
        .target = &x->target,
    };
    int r = x->removes ? plan_mounts_remove(&input, &x->container.arena, &x->plan, x->err)
                       : plan_mounts_add(&input, &x->container.arena, &x->plan, x->err);

    for (size_t i = 0; r >= 0 && i < x->plan.n_notes; i++)
        log_write(x->context->log, LOG_LEVEL_DEBUG, "%s", x->plan.notes[i]);
    return r;
}

static int prepare_change(struct change *x)
{
    static int (*const steps[])(struct change *) = { open_container, load, find_target, make_plan };
    int r = 0;

    for (size_t i = 0; r >= 0 && i < sizeof steps / sizeof steps[0]; i++)
        r = steps[i](x);
    return r;
}

static void change_done(struct change *x)
{
    if (x->plan.blob)
        plan_done(&x->plan);
    fd_close(&x->target_fd);
    container_close(&x->container);
}

/* ---- the launch, and what it has changed ---- */

static const char *target_of(const struct blob *blob, const struct op *op)
{
    return blob_str(blob, op->kind == OP_MOUNT ? op->mount.target : op->bind.target);
}

static int write_added(struct launch *launch, struct error *err)
{
    struct change *x = launch->record_data;
    struct plan_added_mount *all =
        arena_new(&x->container.arena, struct plan_added_mount, x->n_added + launch->n_mounted);
    const struct blob *blob = x->plan.blob;

    if (!all)
        return error_errno(err, -ENOMEM, "mounts add");
    x->recorded = true;
    if (x->n_added)
        memcpy(all, x->added, x->n_added * sizeof *all);
    for (size_t i = 0; i < launch->n_mounted; i++)
        all[x->n_added + i] = (struct plan_added_mount){ target_of(blob, &blob_ops(blob)[launch->mounted[i].row]),
                                                         launch->mounted[i].id };
    return state_mounts_write(x->container.dir_fd, all, x->n_added + launch->n_mounted, err);
}

static bool is_removed(const struct change *x, uint64_t id)
{
    const struct op *ops = blob_ops(x->plan.blob);

    for (uint32_t i = 0; i < x->plan.blob->n_ops; i++)
        if (ops[i].kind == OP_UNMOUNT && (uint64_t) ops[i].unmount.id == id)
            return true;
    return false;
}

/* They are gone, as was asked for: that the list still names them is no reason to bring them back. */
static int write_left(struct launch *launch, struct error *err)
{
    struct change *x = launch->record_data;
    size_t n = 0;

    for (size_t i = 0; i < x->n_added; i++)
        if (!is_removed(x, x->added[i].id))
            x->added[n++] = x->added[i];
    if (state_mounts_write(x->container.dir_fd, x->added, n, err) < 0)
        log_write(x->context->log, LOG_LEVEL_WARNING, "%s", err->text);
    return 0;
}

/* The mounts were taken back after the list was written. That fails without harm: their numbers are not given again. */
static void take_back_list(struct change *x)
{
    if (x->recorded)
        state_mounts_write(x->container.dir_fd, x->added, x->n_added, &(struct error){ 0 });
}

static void launch_set_up(struct launch *launch, struct change *x)
{
    x->state = x->container.state;
    x->state.pid = 0;
    x->state.pid_start_time = 0;
    x->state.cgroups = NULL;
    x->state.n_cgroups = 0;
    *launch = (struct launch){ .plan = &x->plan, .state = &x->state, .root_path = "", .log = x->context->log };
    launch_init(launch);
    launch->target_fd = x->target_fd;
    launch->record = x->removes ? write_left : write_added;
    launch->record_data = x;
}

/* The word to keep the changes is said; if it could not be heard they were taken back. */
static int wait_end(struct change *x, int pidfd)
{
    siginfo_t info = { 0 };

    waitid((idtype_t) SYS_P_PIDFD, (id_t) pidfd, &info, WEXITED);
    if (info.si_code == CLD_EXITED && info.si_status != 0)
        return error_set(x->err, -EIO, "mounts: crun-init has taken the changes back at the last moment");
    return 0;
}

static int change(struct change *x)
{
    struct launch launch;
    int r;

    launch_set_up(&launch, x);
    r = launch_walk(&launch, x->err);
    if (r >= 0)
        r = wait_end(x, launch.pidfd);
    else
        take_back_list(x);
    launch_done(&launch);
    return r;
}

static int change_mounts(struct crun_context *context, const char *id, const char *file, bool removes,
                         struct error *err)
{
    _cleanup_(
        change_done) struct change x = { .context = context, .id = id, .file = file, .removes = removes, .err = err };
    int r;

    x.container.dir_fd = x.target_fd = -1;
    r = prepare_change(&x);
    return r >= 0 ? change(&x) : r;
}

int crun_mounts_add(struct crun_context *context, const char *id, const char *file, struct crun_error *error)
{
    return change_mounts(context, id, file, false, own_error(error));
}

int crun_mounts_remove(struct crun_context *context, const char *id, const char *file, struct crun_error *error)
{
    return change_mounts(context, id, file, true, own_error(error));
}
