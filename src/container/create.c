// SPDX-License-Identifier: LGPL-2.1-or-later
/* create, run and start: a prepared plan is launched; run goes on to the end of the process. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroup/cgroup.h"
#include "container/notify.h"
#include "container/prepare.h"
#include "plan/resources.h"

enum { STATUS_RUNTIME_FAILED = 1 };
enum { DEATH_TIMEOUT_MS = 1000 }; /* from the kill to the end of the process */

/* Whatever fails from the state directory on leads to poststop (decision 0180). It comes before that directory goes: if
 * we are killed here, `delete --force` runs the hooks. */
static void run_poststop(const struct launch *launch)
{
    const struct prepared *p = launch->destroyed_data;
    const struct hook_round round = { p->spec, &p->state, launch->dir_fd, HOOK_POSTSTOP, STATE_STOPPED, NULL };
    struct error err = { 0 };

    if (container_spec_hooks(p->context, &round, &err) < 0)
        log_write(p->context->log, LOG_LEVEL_WARNING, "poststop hooks were not run: %s", err.text);
}

void prepared_launch(struct launch *launch, struct crun_context *context, struct prepared *p,
                     const struct crun_create_options *options, bool wait_start)
{
    *launch = (struct launch){
        .plan = &p->plan,
        .state = &p->state,
        .root_fd = context->root_fd,
        .root_path = context->root_path,
        .config_text = p->config.text,
        .config_size = p->config.size,
        .wait_start = wait_start,
        .hooks_stdout = spec_annotation(p->spec, "run.oci.hooks.stdout"),
        .hooks_stderr = spec_annotation(p->spec, "run.oci.hooks.stderr"),
        .console_socket = options->console_socket,
        .listener = container_listener(p->spec, &p->state),
        .log = context->log,
        .timeline = context->timeline,
        .destroyed = run_poststop,
        .destroyed_data = p,
    };
    launch_init(launch);
}

int crun_create(struct crun_context *context, const char *id, const struct crun_create_options *options,
                struct crun_error *error)
{
    struct error *err = own_error(error);
    struct prepared prepared = { 0 };
    struct cancel cancel = { 0 };
    struct timeline timeline;
    struct launch launch;
    int r = context_timeline(context, options->timeline, &timeline, err);

    if (r >= 0)
        r = prepare(context, id, options, PREPARE_CREATE, &prepared, err);
    if (r >= 0)
        r = context_root(context, err);
    if (r >= 0)
        r = cancel_hold(&cancel, err);
    if (r >= 0) {
        timeline_phase(context->timeline, "launch");
        prepared_launch(&launch, context, &prepared, options, true);
        launch.cancel = &cancel;
        r = launch_walk(&launch, err);
        launch_done(&launch);
    }
    context_timeline_end(context);
    prepared_done(&prepared);
    cancel_release(&cancel);
    return r;
}

/* ---- run ---- */

/* All processes of a pid namespace have ended with the first one, which we have waited for: mostly nobody is left to be
 * killed. That the cgroup by which they would be can be removed shows it. */
static bool nobody_is_left(struct container *container)
{
    struct state *state = &container->state;
    const struct cgroup_dir *cgroup = container_cgroup(container);

    if (!state->own_pid_namespace || state->scope || !cgroup || cgroup_remove(cgroup, 0, NULL) < 0)
        return false;
    if (state->n_cgroups == 1)
        state->n_cgroups = 0; /* to be removed */
    return true;
}

/* The container ends with its first process when it is run in the foreground. Another of the same id, made after
 * somebody else deleted ours, is left alone. */
static int remove_ended(struct crun_context *context, const struct prepared *p, const struct cancel *cancel,
                        struct error *err)
{
    _cleanup_(container_close) struct container container;
    int r = container_lock(context, p->state.id, &container, err);

    if (r == -ENOENT || r == -EBUSY)
        return 0; /* somebody else deleted it meanwhile, and makes another one perhaps */
    if (r < 0)
        return r;
    if (!container.half_made && strcmp(container.state.created, p->state.created) != 0)
        return 0;
    container.spec = p->spec;
    container.cancel = cancel;
    if (!nobody_is_left(&container))
        container_kill_all(&container, NULL);
    return container_remove(context, &container, err);
}

static int wait_and_remove(struct crun_context *context, const struct prepared *p,
                           const struct crun_create_options *options, struct launch *launch,
                           struct foreground *foreground, int *ret_status, struct error *err)
{
    struct error memory;
    bool out_of_memory;
    int r;

    timeline_phase(context->timeline, "the container runs");
    fd_close(&launch->dir_fd); /* others may lock the container now */
    foreground->notify = &launch->notify;
    r = foreground_wait(foreground, launch->pidfd, launch->state->pid, &launch->terminal_fd, ret_status, err);
    timeline_phase(context->timeline, options->keep ? "end" : "remove the container");
    out_of_memory = r >= 0 && foreground->killed && launch_oom_explain(launch, &memory); /* before its cgroup goes */
    if (!options->keep) {
        int removed = remove_ended(context, p, &foreground->cancel, r < 0 ? NULL : err);

        r = r < 0 ? r : removed;
    }
    return r >= 0 && out_of_memory ? error_set(err, memory.code, "%s", memory.text) : r;
}

/* Somebody who hands on a NOTIFY_SOCKET wants to know when the container is ready, and nobody is there later to tell. */
static int wait_ready(struct launch *launch, struct cancel *cancel)
{
    cancel_release(cancel);
    fd_close(&launch->dir_fd);
    notify_wait(&launch->notify, launch->pidfd, launch->state->pid);
    return 0;
}

int prepared_attend(struct crun_context *context, struct prepared *p, const struct crun_create_options *options,
                    struct launch *launch, struct foreground *foreground, int *ret_status, struct error *err)
{
    const struct hook_round round = {
        p->spec, &p->state, launch->dir_fd, HOOK_POSTSTART, STATE_RUNNING, launch->cancel
    };
    int r = container_spec_hooks(context, &round, err);

    if (r < 0) {
        state_dir_explain(launch->dir_fd, p->state.id, err);
        launch_undo(launch);
        return r;
    }
    if (!options->detach)
        return wait_and_remove(context, p, options, launch, foreground, ret_status, err);
    *ret_status = wait_ready(launch, &foreground->cancel);
    return 0;
}

static int run_prepared(struct crun_context *context, struct prepared *p, const struct crun_create_options *options,
                        struct foreground *foreground, int *ret_status, struct error *err)
{
    struct launch launch;
    int r;

    timeline_phase(context->timeline, "launch");
    prepared_launch(&launch, context, p, options, false);
    launch.cancel = &foreground->cancel;
    r = launch_walk(&launch, err);
    if (r < 0)
        *ret_status = launch_failed_status(&launch, r);
    else
        r = prepared_attend(context, p, options, &launch, foreground, ret_status, err);
    launch_done(&launch);
    return r;
}

int crun_run(struct crun_context *context, const char *id, const struct crun_create_options *options, int *ret_status,
             struct crun_error *error)
{
    struct error *err = own_error(error);
    struct foreground foreground = { 0 };
    struct prepared prepared = { 0 };
    struct timeline timeline;
    int r;

    *ret_status = STATUS_RUNTIME_FAILED;
    r = context_timeline(context, options->timeline, &timeline, err);
    if (r >= 0)
        r = prepare(context, id, options, PREPARE_RUN, &prepared, err);
    if (r >= 0)
        r = context_root(context, err);
    if (r >= 0)
        r = options->detach ? cancel_hold(&foreground.cancel, err)
                            : foreground_prepare(&foreground, !options->no_subreaper, err);
    if (r >= 0)
        r = run_prepared(context, &prepared, options, &foreground, ret_status, err);
    foreground_done(&foreground);
    context_timeline_end(context);
    prepared_done(&prepared);
    cancel_release(&foreground.cancel);
    return r;
}

/* ---- start ---- */

/* Whoever waits for the start, which the socket shows, uses nearly nothing; but an update may have lowered the limit. */
static int stopped_error(const struct container *container, struct error *err)
{
    const struct state *state = &container->state;

    if (faccessat(container->dir_fd, STATE_SOCKET, F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
        cgroup_oom_explain(state->cgroups, state->n_cgroups, 0, err))
        return error_prefix(err, "cannot start a container that has stopped");
    return error_set(err, -ESRCH, "cannot start a container that has stopped");
}

static int check_created(struct container *container, struct error *err)
{
    switch (container_status(container)) {
    case STATE_CREATED:
        return 0;
    case STATE_PAUSED:
        if (state_status(container->dir_fd, &container->state) == STATE_CREATED)
            return error_set(err, -EBUSY, "cannot start a paused container (resume it first)");
        return error_set(err, -EBUSY, "cannot start an already running container");
    case STATE_RUNNING:
        return error_set(err, -EBUSY, "cannot start an already running container");
    case STATE_STOPPED:
        return stopped_error(container, err);
    case STATE_CREATING:
        break;
    }
    return error_set(err, -EBUSY, "cannot start a container that is not created completely");
}

static int say_start(struct container *container, const struct spec *spec, struct error *err)
{
    const struct listener listener = container_listener(spec, &container->state);
    _cleanup_free_ char *document = NULL;
    int r = 0;

    if (spec->hooks[HOOK_START_CONTAINER].n_hooks)
        r = state_document(&container->state, STATE_CREATED, false, false, &document, err);
    return r < 0 ? r : launch_start(container->dir_fd, &container->state, document, &listener, err);
}

/* The word was given; a small memory limit may have ended the process before it executed its program. */
static int check_alive(const struct container *container, const struct spec *spec, struct error *err)
{
    const struct state *state = &container->state;
    _cleanup_close_ int pidfd = -1;
    struct pollfd process = { .events = POLLIN };
    int64_t limit = memory_limit(spec->linux_->resources);
    struct error oom;

    if (limit >= SMALL_MEMORY || !cgroup_oom_explain(state->cgroups, state->n_cgroups, limit, &oom))
        return 0;
    process.fd = pidfd = state_pidfd(state);
    if (pidfd >= 0 && poll(&process, 1, DEATH_TIMEOUT_MS) <= 0)
        return 0;
    return error_set(err, oom.code, "%s", oom.text);
}

/* `create` has mounted the directory; its socket was closed with the end of `create`, and a new one takes its place. */
static int open_notify(struct crun_context *context, const struct container *container, struct notify *notify,
                       struct error *err)
{
    if (!getenv("NOTIFY_SOCKET") || faccessat(container->dir_fd, NOTIFY_DIRECTORY, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    return notify_open(notify, container->dir_fd, notify_name(context), context->log, err);
}

/* Without the lock: others may delete the container meanwhile. */
static void wait_started(const struct container *container, struct notify *notify)
{
    _cleanup_close_ int pidfd = notify->fd < 0 ? -1 : state_pidfd(&container->state);

    if (pidfd < 0)
        return;
    flock(container->dir_fd, LOCK_UN);
    notify_wait(notify, pidfd, container->state.pid);
}

static int run_poststart(struct crun_context *context, const struct container *container, const struct spec *spec,
                         struct error *err)
{
    const struct hook_round round = { spec, &container->state, container->dir_fd, HOOK_POSTSTART, STATE_RUNNING, NULL };

    return container_spec_hooks(context, &round, err);
}

int crun_start(struct crun_context *context, const char *id, struct crun_error *error)
{
    _cleanup_(container_close) struct container container;
    _cleanup_(notify_close) struct notify notify = { .fd = -1 };
    struct error *err = own_error(error);
    const struct spec *spec;
    int r = container_lock(context, id, &container, err);

    if (r >= 0)
        r = check_created(&container, err);
    if (r >= 0)
        r = container_spec(&container, &spec, err);
    if (r >= 0)
        r = open_notify(context, &container, &notify, err);
    if (r >= 0)
        r = say_start(&container, spec, err);
    if (r >= 0 || r == -ECHILD) /* that it has ended says less than why */
        r = check_alive(&container, spec, err) < 0 ? err->code : r;
    if (r < 0)
        return state_dir_explain(container.dir_fd, id, err);
    unlinkat(container.dir_fd, STATE_SOCKET, 0); /* nobody listens any more */
    r = run_poststart(context, &container, spec, err);
    if (r < 0) {
        state_dir_explain(container.dir_fd, id, err);
        container_kill_all(&container, NULL);
        container_remove(context, &container, NULL);
    } else {
        wait_started(&container, &notify);
    }
    return r;
}
