// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * exec: another process in a container. It is planned and launched as a container is, from a copy of the container's
 * configuration with the new process in the place of its own. Nothing of the container changes: its state is read
 * without a lock (an `exec --ignore-paused` that waits must not keep `resume` out) and never written.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "container/exec_process.h"
#include "container/filter.h"
#include "container/listen.h"
#include "container/prepare.h"
#include "container/target.h"
#include "seccomp/calls.h"
#include "state/process.h"

enum { DEATH_TIMEOUT_MS = 200 };

struct execution {
    struct crun_context *context;
    const char *id;
    const struct crun_exec_options *options;
    struct container container;
    enum state_status status;
    struct document config;
    struct filter_load load;
    struct spec spec; /* the container's, with the new process */
    struct spec_process process;
    struct host host;
    struct seccomp_filter filter;
    struct plan_target target;
    struct plan plan;
    struct state state; /* of the launch: the container's id, the new process's pid and cgroups; never written */
    int target_fd;      /* the container's first process (target_open) */
    struct error *err;
};

/* ---- before ---- */

static int check_status(struct execution *x)
{
    enum state_status status = container_status(&x->container);

    x->status = status;
    x->target.frozen = status == STATE_PAUSED;
    if (x->target.frozen)
        return x->options->ignore_paused
                   ? 0
                   : error_set(x->err, -EBUSY,
                               "cannot exec in a paused container (resume it, or wait for that with --ignore-paused)");
    if (status == STATE_CREATED || status == STATE_RUNNING)
        return 0;
    if (status == STATE_CREATING)
        return error_set(x->err, -EBUSY, "container \"%s\" is still being created", x->id);
    return error_set(x->err, -ESRCH, "container not running");
}

static int open_container(struct execution *x)
{
    int r = container_open(x->context, x->id, 0, &x->container, x->err);

    if (r >= 0)
        r = check_status(x);
    if (r < 0)
        return r;
    x->target_fd = target_open(&x->container.state, x->err);
    return x->target_fd < 0 ? x->target_fd : 0;
}

static int load_spec(struct execution *x)
{
    const struct spec *spec;
    int r = container_config(&x->container, &x->config, x->err);

    if (r < 0)
        return r;
    x->load = (struct filter_load){ .context = x->context, .document = &x->config, .cache = true };
    r = filter_load_spec(&x->load, &x->container.arena, &spec, &x->filter, x->err);
    if (r < 0)
        return error_prefix(x->err, "container \"%s\"", x->id), r;
    x->spec = *spec;
    return 0;
}

static int make_process(struct execution *x)
{
    int r = exec_process(x->context, &x->spec, x->options, &x->container.arena, &x->process, x->err);

    x->spec.process = &x->process;
    return r;
}

static int check_options(struct execution *x)
{
    const struct crun_exec_options *o = x->options;

    if (x->process.terminal && o->detach && !o->console_socket)
        return error_set(x->err, -EINVAL, "a detached process with a terminal needs --console-socket");
    if (!x->process.terminal && o->console_socket)
        return error_set(x->err, -EINVAL, "--console-socket: no terminal is asked for (--tty, or \"terminal\": true)");
    return 0;
}

/* When the container has ended meanwhile, that is why. One whose namespaces are gone (ESRCH) is about to end, and one whose
 * cgroup is killed (ECHILD) may be; an ordinary user may do nothing with one that is (EACCES, EPERM). */
static int explain(const struct execution *x, int r)
{
    const struct state *state = &x->container.state;
    _cleanup_close_ int pidfd = r < 0 ? state_pidfd(state) : -1;
    bool ending = r == -ESRCH || r == -ECHILD || (r < 0 && process_is_ending(state));

    if (r < 0 && state_wait_gone(state, pidfd, ending ? DEATH_TIMEOUT_MS : 0) == 0)
        error_prefix(x->err, "container not running");
    return r;
}

static int find_target(struct execution *x)
{
    bool frozen = x->target.frozen;
    unsigned needs = host_needs(&x->spec, x->container.state.n_cgroups == 0) & ~(unsigned) HOST_SUBIDS;
    int r = host_probe(&x->host, needs, &x->container.arena, x->err);

    if (r >= 0)
        r = target_find(&x->container, x->target_fd, &x->host, &x->container.arena, &x->target, x->err);
    x->target.frozen = frozen;
    x->target.wishes = x->options->cgroups;
    x->target.n_wishes = x->options->n_cgroups;
    return r == -ESRCH ? r : explain(x, r);
}

static int compile_filter(struct execution *x)
{
    if (!x->load.found)
        timeline_phase(x->context->timeline, "compile the seccomp profile");
    return filter_load_program(&x->load, &x->spec, &x->filter, x->err);
}

static int make_plan(struct execution *x)
{
    struct plan_input input = {
        .spec = &x->spec,
        .host = &x->host,
        .id = x->id,
        .bundle = x->container.state.bundle,
        .manager = x->container.state.n_cgroups ? CGROUP_MANAGER_CGROUPFS : CGROUP_MANAGER_DISABLED,
        .as_runc = x->context->as_runc,
        .no_new_keyring = x->container.state.no_new_keyring,
        .preserve_fds = x->options->preserve_fds,
        .timeline = x->context->timeline != NULL,
        .target = &x->target,
        .seccomp_program = x->filter.program,
        .seccomp_size = x->filter.size,
        .seccomp_flags = x->filter.flags,
        .seccomp_arch = calls_native(),
    };
    int r;

    listen_take(&input);
    r = prepare_descriptors(&input, x->err);
    if (r >= 0)
        r = prepare_path(&x->container.arena, "--pid-file", x->options->pid_file, &input.pid_file, x->err);
    if (r >= 0)
        r = prepare_path(&x->container.arena, "--pidfd-socket", x->options->pidfd_socket, &input.pidfd_socket, x->err);
    if (r >= 0)
        r = plan_exec(&input, &x->container.arena, &x->plan, x->err);
    for (size_t i = 0; r >= 0 && i < x->plan.n_notes; i++)
        log_write(x->context->log, LOG_LEVEL_DEBUG, "%s", x->plan.notes[i]);
    for (size_t i = 0; r >= 0 && i < x->plan.n_warnings; i++)
        log_write(x->context->log, LOG_LEVEL_WARNING, "%s", x->plan.warnings[i]);
    return r;
}

static int prepare_execution(struct execution *x)
{
    static const struct {
        int (*function)(struct execution *);
        const char *phase; /* in the timeline; NULL: part of the one before */
    } steps[] = {
        {open_container,  "find the container"    },
        { load_spec,      "load: check and decode"},
        { make_process,   NULL                    },
        { check_options,  NULL                    },
        { find_target,    "look at the container" },
        { compile_filter, NULL                    },
        { make_plan,      "plan"                  },
    };
    int r = 0;

    for (size_t i = 0; r >= 0 && i < sizeof steps / sizeof steps[0]; i++) {
        if (steps[i].phase)
            timeline_phase(x->context->timeline, steps[i].phase);
        r = steps[i].function(x);
    }
    return r;
}

static void execution_done(struct execution *x)
{
    if (x->plan.blob)
        plan_done(&x->plan);
    seccomp_filter_done(&x->filter);
    document_done(&x->config);
    fd_close(&x->target_fd);
    container_close(&x->container);
}

/* ---- the launch ---- */

static void launch_set_up(struct launch *launch, struct execution *x)
{
    x->state = x->container.state;
    x->state.pid = 0;
    x->state.pid_start_time = 0;
    x->state.cgroups = x->plan.cgroups;
    x->state.n_cgroups = x->plan.n_cgroups;
    *launch = (struct launch){
        .plan = &x->plan,
        .state = &x->state,
        .root_path = "",
        .console_socket = x->options->console_socket,
        .listener = container_listener(&x->spec, &x->container.state),
        .log = x->context->log,
        .timeline = x->context->timeline,
    };
    launch->listener.container = &x->container.state;
    launch->listener.status = x->status;
    launch_init(launch);
    launch->target_fd = x->target_fd;
}

static const char *phase_after(const struct execution *x, int result)
{
    return result < 0 || x->options->detach ? "end" : "the process runs";
}

static int execute(struct execution *x, struct foreground *foreground, int *ret_status)
{
    struct launch launch;
    int r;

    timeline_phase(x->context->timeline, "launch");
    launch_set_up(&launch, x);
    launch.cancel = &foreground->cancel;
    r = explain(x, launch_walk(&launch, x->err));
    timeline_phase(x->context->timeline, phase_after(x, r));
    if (r < 0)
        *ret_status = launch_failed_status(&launch, r);
    else if (x->options->detach)
        *ret_status = 0;
    else
        r = foreground_wait(foreground, launch.pidfd, x->state.pid, &launch.terminal_fd, ret_status, x->err);
    launch_done(&launch);
    return r;
}

int crun_exec(struct crun_context *context, const char *id, const struct crun_exec_options *options, int *ret_status,
              struct crun_error *error)
{
    _cleanup_(execution_done) struct execution x = { context, id, options };
    struct foreground foreground = { 0 };
    struct timeline timeline;
    int r;

    x.err = own_error(error);
    x.container.dir_fd = x.target_fd = -1;
    *ret_status = 1;
    r = context_timeline(context, options->timeline, &timeline, x.err);
    if (r >= 0)
        r = prepare_execution(&x);
    if (r >= 0)
        r = options->detach ? cancel_hold(&foreground.cancel, x.err) : foreground_prepare(&foreground, false, x.err);
    if (r >= 0)
        r = execute(&x, &foreground, ret_status);
    foreground_done(&foreground);
    context_timeline_end(context);
    cancel_release(&foreground.cancel);
    return r;
}
