// SPDX-License-Identifier: LGPL-2.1-or-later
/* Bundle → config.json → spec → host facts → seccomp program → plan → the state to be written. Nothing is made yet. */
#include "container/prepare.h"

#include <errno.h>
#include <limits.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/closed.h"
#include "base/fd.h"
#include "cgroup/cgroup.h"
#include "container/agent.h"
#include "container/filter.h"
#include "container/listen.h"
#include "container/notify.h"

struct preparation {
    struct crun_context *context;
    const char *id;
    const struct crun_create_options *options;
    enum prepare_for purpose;
    struct prepared *p;
    struct error *err;
    struct filter_load load;
};

static bool is_create(const struct preparation *x)
{
    return x->purpose == PREPARE_CREATE || x->purpose == PREPARE_PLAN;
}

static bool is_detached(const struct preparation *x)
{
    return is_create(x) || x->options->detach;
}

/* ---- input ---- */

/* The absolute path of the directory FD, that PATH has led to, malloc'd. The kernel knows it; without procfs, or where it is
 * out of our sight, it is looked up once more. */
static char *path_of(int fd, const char *path)
{
    char link[32], found[PATH_MAX];
    ssize_t n;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, found, sizeof found);
    return n > 0 && n < (ssize_t) sizeof found && found[0] == '/' ? strndup(found, (size_t) n) : realpath(path, NULL);
}

static int bundle_error(struct preparation *x)
{
    const char *file = arena_printf(&x->p->arena, "%s/config.json", x->p->bundle);

    error_prefix(x->err, "bundle \"%s\"", x->p->bundle);
    return file ? error_closed(x->err, file) : x->err->code;
}

static int read_config(struct preparation *x)
{
    const char *path = x->options->bundle ? x->options->bundle : ".";
    _cleanup_close_ int dir = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int r;

    if (dir >= 0)
        x->p->bundle = path_of(dir, path);
    if (!x->p->bundle && errno == ENOENT)
        return error_set(x->err, -ENOENT, "bundle \"%s\" does not exist", path);
    if (!x->p->bundle) {
        error_errno(x->err, -errno, "bundle \"%s\"", path);
        return error_closed(x->err, path);
    }
    if (x->options->config) {
        r = context_read(x->context, &x->p->config, AT_FDCWD, x->options->config, x->err);
        return r < 0 ? error_closed(x->err, x->options->config) : r;
    }
    r = context_read(x->context, &x->p->config, dir, "config.json", x->err);
    return r < 0 ? bundle_error(x) : r;
}

/* Only a start takes what was checked when it was kept; a plan checks all. */
static int load(struct preparation *x)
{
    x->load = (struct filter_load){ .context = x->context,
                                    .document = &x->p->config,
                                    .cache = x->purpose == PREPARE_CREATE || x->purpose == PREPARE_RUN };
    return filter_load_spec(&x->load, &x->p->arena, &x->p->spec, &x->p->filter, x->err);
}

static int add_notify(struct preparation *x)
{
    return notify_prepare(x->context, x->id, &x->p->arena, &x->p->spec, &x->p->notify_name, x->err);
}

/* What a checkpoint has restored brings its filters with it. */
static int load_filter(struct preparation *x)
{
    if (x->purpose == PREPARE_RESTORE)
        return 0;
    if (!x->load.found)
        timeline_phase(x->context->timeline, "compile the seccomp profile");
    return filter_load_program(&x->load, x->p->spec, &x->p->filter, x->err);
}

/* ---- the agent of a seccomp profile ---- */

static int check_agent(struct preparation *x)
{
    const char *idle_plugin;
    struct agent agent;
    int r = agent_find(x->p->spec, &x->p->filter, &agent, &idle_plugin, x->err);

    if (r < 0)
        return r;
    if (idle_plugin)
        log_write(x->context->log, LOG_LEVEL_WARNING, "%s", idle_plugin);
    x->p->state.seccomp_agent = agent.path;
    return 0;
}

struct listener container_listener(const struct spec *spec, const struct state *state)
{
    const struct spec_seccomp *seccomp = spec->linux_->seccomp;

    return (struct listener){ .path = state->seccomp_agent,
                              .plugin = agent_plugin(spec),
                              .metadata = seccomp ? seccomp->listener_metadata : NULL };
}

/* "1.MINOR.PATCH" was checked when it was decoded. A newer minor is compatible: nobody needs to know, but who asks why a
 * field has no effect. */
static int tell_newer_version(struct preparation *x)
{
    const char *version = x->p->spec->oci_version, *known = crun_spec_version();

    if (atoi(version + strlen("1.")) > atoi(known + strlen("1.")))
        log_write(x->context->log, LOG_LEVEL_DEBUG, "ociVersion \"%s\" is newer than %s: what it has more is ignored",
                  version, known);
    return 0;
}

/* ---- what others may have, and this build has not ---- */

int prepare_handler(const struct spec *spec, const char *option, struct error *err)
{
    const char *annotation = spec_annotation(spec, "run.oci.handler");

    if (option && *option)
        return error_set(err, -ENOTSUP, "--handler: there is no handler \"%s\" in this build", option);
    if (annotation && *annotation)
        return error_set(err, -ENOTSUP, "annotations[\"run.oci.handler\"]: there is no handler \"%s\" in this build",
                         annotation);
    return 0;
}

static int check_handler(struct preparation *x)
{
    return prepare_handler(x->p->spec, x->options->handler, x->err);
}

/* ---- checks of options against the document ---- */

static int check_terminal(struct preparation *x)
{
    const struct spec_process *process = x->p->spec->process;
    bool terminal = process && process->terminal;
    bool detached = is_detached(x);

    if (terminal && detached && !x->options->console_socket)
        return error_set(x->err, -EINVAL, "process.terminal is true: a detached container needs --console-socket");
    if (!terminal && x->options->console_socket)
        return error_set(x->err, -EINVAL, "--console-socket: process.terminal is not true in config.json");
    return 0;
}

/* What came to us through an exec has no close-on-exec flag; ours, the log and the state's directories, all have. */
static bool is_handed_to_us(int fd)
{
    int flags = fcntl(fd, F_GETFD);

    return flags >= 0 && !(flags & FD_CLOEXEC);
}

/* N of --preserve-fds come after those of LISTEN_FDS. podman's N has counted these already: what is not there beyond the
 * first N descriptors is nobody's loss. */
int prepare_descriptors(const struct plan_input *input, struct error *err)
{
    unsigned listen = input->listen_fds, others = input->preserve_fds - listen;

    if (others > 65536)
        return error_set(err, -EINVAL, "--preserve-fds %u: more than 65536", others);
    for (unsigned i = 0; i < listen; i++)
        if (!is_handed_to_us(3 + (int) i))
            return error_set(
                err, -EBADF,
                "LISTEN_FDS=%u: descriptor %u is not open; unset LISTEN_FDS where no sockets are handed on", listen,
                3 + i);
    for (unsigned i = listen; i < others; i++)
        if (!is_handed_to_us(3 + (int) i))
            return error_set(err, -EBADF, "--preserve-fds %u: descriptor %u is not open", others, 3 + i);
    return 0;
}

/* ---- the plan ---- */

int prepare_path(struct arena *arena, const char *option, const char *path, const char **ret, struct error *err)
{
    char cwd[4096];

    if (!path || path[0] == '/') {
        *ret = path;
        return 0;
    }
    if (!*path)
        return error_set(err, -EINVAL, "%s: expected a path, found \"\"", option);
    if (!getcwd(cwd, sizeof cwd))
        return error_errno(err, -errno, "%s \"%s\": getcwd", option, path);
    *ret = arena_printf(arena, "%s/%s", cwd, path);
    return *ret ? 0 : error_errno(err, -ENOMEM, "path");
}

static int make_plan(struct preparation *x)
{
    const struct crun_create_options *o = x->options;
    const char *receiver = spec_annotation(x->p->spec, "run.oci.pidfd_receiver");
    const char *pidfd_socket = o->pidfd_socket ? o->pidfd_socket : receiver;
    const char *pidfd_field = o->pidfd_socket ? "--pidfd-socket" : "annotations[\"run.oci.pidfd_receiver\"]";
    int (*build)(const struct plan_input *, struct arena *, struct plan *, struct error *) =
        x->purpose == PREPARE_RESTORE ? plan_restore : plan_create;
    struct plan_input input = {
        .spec = x->p->spec,
        .host = &x->p->host,
        .id = x->id,
        .bundle = x->p->bundle,
        .manager = x->context->manager,
        .as_runc = x->context->as_runc,
        .no_pivot = o->no_pivot,
        .no_new_keyring = o->no_new_keyring,
        .wait_start = is_create(x),
        .timeline = x->context->timeline != NULL,
        .foreground_terminal = !o->console_socket,
        .preserve_fds = o->preserve_fds,
        .notify_name = x->p->notify_name,
        .pidfd_field = pidfd_field,
        .seccomp_program = x->p->filter.program,
        .seccomp_size = x->p->filter.size,
        .seccomp_flags = x->p->filter.flags,
    };
    int r;

    listen_take(&input);
    r = prepare_descriptors(&input, x->err);
    if (r >= 0)
        r = prepare_path(&x->p->arena, "--pid-file", o->pid_file, &input.pid_file, x->err);
    x->p->state.pid_file = input.pid_file;
    if (r >= 0)
        r = prepare_path(&x->p->arena, pidfd_field, pidfd_socket, &input.pidfd_socket, x->err);
    if (r >= 0)
        r = build(&input, &x->p->arena, &x->p->plan, x->err);
    if (r >= 0)
        log_write(x->context->log, LOG_LEVEL_DEBUG, "container \"%s\": %u operations planned from \"%s\"", x->id,
                  x->p->plan.blob->n_ops, x->p->bundle);
    for (size_t i = 0; r >= 0 && i < x->p->plan.n_notes; i++)
        log_write(x->context->log, LOG_LEVEL_DEBUG, "%s", x->p->plan.notes[i]);
    for (size_t i = 0; r >= 0 && i < x->p->plan.n_warnings; i++)
        log_write(x->context->log, LOG_LEVEL_WARNING, "%s", x->p->plan.warnings[i]);
    return r;
}

/* ---- the state ---- */

static const char *const manager_names[] = {
    [CGROUP_MANAGER_CGROUPFS] = "cgroupfs",
    [CGROUP_MANAGER_SYSTEMD] = "systemd",
    [CGROUP_MANAGER_DISABLED] = "disabled",
};

static void copy_annotations(const struct spec *spec, struct state *state, struct arena *arena)
{
    state->n_annotations = spec->n_annotations;
    state->annotation_keys = arena_new(arena, const char *, spec->n_annotations);
    state->annotation_values = arena_new(arena, const char *, spec->n_annotations);
    for (size_t i = 0; !arena->failed && i < spec->n_annotations; i++) {
        state->annotation_keys[i] = spec->annotations[i].key;
        state->annotation_values[i] = spec->annotations[i].value;
    }
}

static bool has_new_namespace(const struct spec *spec, enum namespace_kind kind)
{
    for (size_t i = 0; i < spec->linux_->n_namespaces; i++) {
        const struct spec_namespace *namespace = &spec->linux_->namespaces[i];

        if (namespace->type == kind)
            return !namespace->path || !*namespace->path;
    }
    return false;
}

/* systemd's slices are not ours to remove, even where it has made them for us. */
static int look_above(const struct preparation *x)
{
    struct state *state = &x->p->state;
    int r = 0;

    for (size_t i = 0; !state->scope && r >= 0 && i < state->n_cgroups; i++)
        r = cgroup_look_above(&state->cgroups[i], &x->p->arena, x->err);
    return r;
}

static int fill_state(struct preparation *x)
{
    struct arena *arena = &x->p->arena;
    const char *root = x->p->spec->root ? x->p->spec->root->path : "";
    struct state *state = &x->p->state;
    struct timespec now;
    int r;

    clock_gettime(CLOCK_REALTIME, &now);
    state->id = x->id;
    state->oci_version = x->p->spec->oci_version;
    state->creating = true;
    state->bundle = x->p->bundle;
    state->rootfs = root[0] == '/' ? root : arena_printf(arena, "%s/%s", x->p->bundle, root);
    container_origin(state, &now, arena);
    state->cgroup_manager = manager_names[x->context->manager];
    state->own_pid_namespace = has_new_namespace(x->p->spec, NAMESPACE_PID);
    state->no_new_keyring = x->options->no_new_keyring;
    state->detached = is_detached(x);
    state->cgroups = x->p->plan.cgroups;
    state->n_cgroups = x->p->plan.n_cgroups;
    state->scope = x->p->plan.scope;
    state->rdt_class = x->p->plan.rdt_class;
    state->rdt_monitor = x->p->plan.rdt_monitor;
    copy_annotations(x->p->spec, state, arena);
    r = look_above(x);
    return r >= 0 && arena->failed ? error_errno(x->err, -ENOMEM, "prepare") : r;
}

/* ---- together ---- */

static int probe_host(struct preparation *x)
{
    unsigned needs = host_needs(x->p->spec, x->context->manager == CGROUP_MANAGER_DISABLED);
    int r = host_probe(&x->p->host, needs, &x->p->arena, x->err);

    if (r >= 0 && x->context->manager == CGROUP_MANAGER_SYSTEMD)
        host_probe_user_manager(&x->p->host, &x->p->arena);
    else if (r >= 0)
        host_probe_delegation(&x->p->host, x->p->spec->linux_->cgroups_path, &x->p->arena);
    return r;
}

int prepare_document(struct crun_context *context, const struct crun_create_options *options, struct prepared *ret,
                     struct error *err)
{
    struct preparation x = { .context = context, .options = options, .p = ret, .err = err };
    int r;

    *ret = (struct prepared){ 0 };
    r = arena_init(&ret->arena, ARENA_DEFAULT_SIZE, err);
    if (r >= 0)
        r = read_config(&x);
    if (r < 0)
        prepared_done(ret);
    return r;
}

int prepare(struct crun_context *context, const char *id, const struct crun_create_options *options,
            enum prepare_for purpose, struct prepared *ret, struct error *err)
{
    static const struct {
        int (*function)(struct preparation *);
        const char *phase; /* in the timeline; NULL: part of the one before */
    } steps[] = {
        {read_config,         "read the configuration"},
        { load,               "load: check and decode"},
        { tell_newer_version, NULL                    },
        { check_handler,      NULL                    },
        { add_notify,         NULL                    },
        { check_terminal,     NULL                    },
        { probe_host,         "probe the host"        },
        { load_filter,        NULL                    },
        { check_agent,        NULL                    },
        { make_plan,          "plan"                  },
        { fill_state,         NULL                    },
    };
    struct preparation x = { context, id, options, purpose, ret, err, { 0 } };
    int r = state_check_id(id, err);

    *ret = (struct prepared){ .context = context };
    if (r >= 0)
        r = arena_init(&ret->arena, ARENA_DEFAULT_SIZE, err);
    for (size_t i = 0; r >= 0 && i < sizeof steps / sizeof steps[0]; i++) {
        if (steps[i].phase)
            timeline_phase(context->timeline, steps[i].phase);
        r = steps[i].function(&x);
    }
    if (r < 0)
        prepared_done(ret);
    return r;
}

void prepared_done(struct prepared *prepared)
{
    if (prepared->plan.blob)
        plan_done(&prepared->plan);
    seccomp_filter_done(&prepared->filter);
    document_done(&prepared->config);
    free(prepared->bundle);
    arena_done(&prepared->arena);
    *prepared = (struct prepared){ 0 };
}
