// SPDX-License-Identifier: LGPL-2.1-or-later
/* restore: a launch in which CRIU does what crun-init does otherwise; plan/restore.c has the order. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroup/cgroup.h"
#include "container/criu.h"
#include "container/prepare.h"
#include "launch/terminal.h"
#include "sys/process.h"

enum { STATUS_RUNTIME_FAILED = 1 };

struct restoring {
    struct crun_context *context;
    const struct crun_restore_options *options;
    struct prepared prepared;
    struct criu_call call;
    struct launch launch;
    struct foreground foreground;
};

/* ---- the request ---- */

/* Where CRIU is to see to cgroups by itself: the root of what it restores is the container's cgroup, wherever it was. */
static void name_cgroups(struct restoring *x)
{
    struct criu_request *request = &x->call.request;
    const struct state *state = &x->prepared.state;

    if (request->manage_cgroups == CRIU_CG_MODE_IGNORE) {
        x->call.criu.cgroup_namespace = criu_has_namespace(&x->call, NAMESPACE_CGROUP);
        return;
    }
    for (size_t i = 0; i < state->n_cgroups; i++)
        criu_add_pair(&request->cgroup_roots, &request->n_cgroup_roots, x->call.arena,
                      state->cgroups[i].v2 ? "" : state->cgroups[i].controllers, state->cgroups[i].path);
}

static int find_root(struct restoring *x, struct error *err)
{
    char real[PATH_MAX];

    if (!realpath(x->prepared.state.rootfs, real))
        return error_errno(err, -errno, "root.path \"%s\"", x->prepared.state.rootfs);
    x->call.request.root = x->call.criu.bind_root = arena_strdup(x->call.arena, real);
    return x->call.request.root ? 0 : error_errno(err, -ENOMEM, "prepare");
}

/* Some images are opened in the container's user namespace. CRIU makes them readable for everybody, and the directory
 * keeps them from others: there its root is let through by its group, which nobody else on the host has. */
static int let_through(struct restoring *x, struct error *err)
{
    const struct spec_linux *linux_ = x->prepared.spec->linux_;
    struct stat st;

    for (size_t i = 0; i < linux_->n_gid_mappings; i++) {
        const struct id_map *map = &linux_->gid_mappings[i];

        if (map->container_id != 0 || map->host_id == 0 || fstat(x->call.image_fd, &st) < 0 || st.st_mode & S_IXOTH)
            continue;
        if (fchown(x->call.image_fd, (uid_t) -1, map->host_id) < 0 ||
            fchmod(x->call.image_fd, (st.st_mode & ~(mode_t) S_IRWXG & 07777) | S_IXGRP) < 0)
            return error_errno(err, -errno, "--image-path: let the container's root into \"%s\"", x->call.image_path);
    }
    return 0;
}

static int terminal(void *userdata, int *fd, struct error *err)
{
    struct restoring *x = userdata;

    return terminal_received(&x->launch, fd, err);
}

static int wait_or_cancel(void *userdata, int fd, struct error *err)
{
    const struct restoring *x = userdata;
    int r = cancel_wait(x->launch.cancel, fd, 0, err);

    return r < 0 ? r : 0;
}

static int make_request(struct restoring *x, struct error *err)
{
    int r;

    x->call.context = x->context;
    x->call.options = &x->options->checkpoint;
    x->call.spec = x->prepared.spec;
    x->call.bundle = x->prepared.bundle;
    x->call.arena = &x->prepared.arena;
    r = criu_call_prepare(&x->call, CRIU_RESTORE, err);
    if (r >= 0)
        r = find_root(x, err);
    if (r >= 0)
        r = criu_mount_points(&x->call, x->call.request.root, err);
    if (r >= 0)
        r = let_through(x, err);
    if (r >= 0)
        r = criu_mounts_restore(&x->call, &x->prepared.state, err);
    if (r >= 0)
        r = criu_streams_restore(&x->call, err);
    if (r >= 0)
        r = criu_namespaces_restore(&x->call, err);
    name_cgroups(x);
    x->call.request.lsm_profile = x->options->lsm_profile;
    x->call.request.lsm_mount_context = x->options->lsm_mount_context;
    x->call.criu.keep_streams = true;
    x->call.criu.terminal = terminal;
    x->call.criu.wait = wait_or_cancel;
    x->call.criu.userdata = x;
    return r;
}

/* ---- the stages ---- */

static int started(struct restoring *x, struct error *err)
{
    int r = criu_start(&x->call.criu, err);

    if (r >= 0)
        x->launch.state->pid = x->call.criu.pid;
    return r;
}

/* From where CRIU was born: the container's limits are not for its work. */
static void go_home(struct restoring *x)
{
    const struct host_cgroup *host = &x->prepared.host.cgroup;
    const struct state *state = x->launch.state;

    for (size_t i = 0; i < state->n_cgroups; i++)
        for (size_t k = 0; k < host->n_hierarchies; k++) {
            struct cgroup_dir home = state->cgroups[i];

            if (strcmp(home.mount, host->hierarchies[k].mount_point) != 0)
                continue;
            home.path = cgroup_own_path(&host->hierarchies[k]);
            cgroup_join(&home, x->call.criu.pid, NULL);
        }
}

/* CRIU makes the first process its sibling: any other number is no process that we might signal. */
static bool is_our_child(pid_t pid)
{
    return pid > 0 && waitid(P_PID, (id_t) pid, &(siginfo_t){ 0 }, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static int take_process(struct restoring *x, struct error *err)
{
    struct state *state = x->launch.state;

    if (!is_our_child(x->call.criu.root_pid))
        return error_set(err, -EPROTO, "criu has not told which process it restored");
    if (x->launch.pidfd >= 0)
        return 0;
    state->pid = x->call.criu.root_pid;
    x->launch.pidfd = sys_pidfd_open(state->pid, 0);
    process_note(state, x->launch.pidfd);
    return x->launch.pidfd < 0 ? error_errno(err, x->launch.pidfd, "pidfd_open of the restored process %d", state->pid)
                               : 0;
}

static int namespaces(struct restoring *x, struct error *err)
{
    int r = criu_call_send(&x->call, err);

    if (r >= 0)
        r = criu_wait(&x->call.criu, "setup-namespaces", err);
    if (r < 0)
        return r;
    go_home(x);
    return take_process(x, err);
}

static int finish(struct restoring *x, struct error *err)
{
    int r = criu_wait(&x->call.criu, NULL, err);

    criu_end(&x->call.criu);
    return r;
}

static int stage(struct launch *launch, int number, struct error *err)
{
    struct restoring *x = launch->criu_data;

    switch ((enum criu_stage) number) {
    case CRIU_STAGE_STARTED:
        return started(x, err);
    case CRIU_STAGE_NAMESPACES:
        return namespaces(x, err);
    case CRIU_STAGE_RESTORED:
        return criu_wait(&x->call.criu, "post-restore", err);
    case CRIU_STAGE_RUNNING:
        return finish(x, err);
    }
    return error_set(err, -EINVAL, "no stage %d of a restore", number);
}

/* CRIU ends what it has begun when nobody answers it. */
static void give_up(struct launch *launch)
{
    struct restoring *x = launch->criu_data;

    criu_end(&x->call.criu);
}

/* ---- the verb ---- */

static int launch(struct restoring *x, int *ret_status, struct error *err)
{
    const struct crun_create_options *o = &x->options->create;
    int r;

    timeline_phase(x->context->timeline, "launch");
    prepared_launch(&x->launch, x->context, &x->prepared, o, false);
    x->launch.criu = stage;
    x->launch.criu_undo = give_up;
    x->launch.criu_data = x;
    x->launch.cancel = &x->foreground.cancel;
    r = launch_walk(&x->launch, err);
    if (r >= 0)
        r = prepared_attend(x->context, &x->prepared, o, &x->launch, &x->foreground, ret_status, err);
    launch_done(&x->launch);
    return r;
}

int crun_restore(struct crun_context *context, const char *id, const struct crun_restore_options *options,
                 int *ret_status, struct crun_error *error)
{
    struct restoring x = { .context = context, .options = options, .call.criu = CRIU_SESSION_INIT };
    const struct crun_create_options *o = &options->create;
    struct error *err = own_error(error);
    struct timeline timeline;
    int r;

    *ret_status = STATUS_RUNTIME_FAILED;
    r = context_timeline(context, o->timeline, &timeline, err);
    if (r >= 0)
        r = prepare(context, id, o, PREPARE_RESTORE, &x.prepared, err);
    if (r >= 0)
        r = make_request(&x, err);
    if (r >= 0)
        r = context_root(context, err);
    if (r >= 0)
        r = o->detach ? cancel_hold(&x.foreground.cancel, err)
                      : foreground_prepare(&x.foreground, !o->no_subreaper, err);
    if (r >= 0)
        r = launch(&x, ret_status, err);
    foreground_done(&x.foreground);
    criu_call_done(&x.call);
    context_timeline_end(context);
    prepared_done(&x.prepared);
    cancel_release(&x.foreground.cancel);
    return r;
}
