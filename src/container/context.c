// SPDX-License-Identifier: LGPL-2.1-or-later
/* Contexts, and opening a container that exists. */
#include "container/context.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroup/cgroup.h"
#include "launch/timeline.h"
#include "spec/load.h"

static int open_log(struct crun_context *context, const struct crun_context_options *options, struct error *err)
{
    struct log_options log = { .destination = options->log,
                               .as_runc = options->as_runc,
                               .level = (enum log_level) options->log_level };

    if (options->log_format && strcmp(options->log_format, "json") == 0)
        log.json = true;
    else if (options->log_format && strcmp(options->log_format, "text") != 0)
        return error_set(err, -EINVAL, "--log-format: expected \"text\" or \"json\", found \"%s\"",
                         options->log_format);
    return log_open(&log, &context->log, err);
}

static void warn(void *userdata, const struct error *warning)
{
    struct crun_context *context = userdata;

    log_write(context->log, LOG_LEVEL_WARNING, "%s", warning->text);
}

int context_read(struct crun_context *context, struct document *ret, int dir_fd, const char *name, struct error *err)
{
    int r = document_read(ret, dir_fd, name, err);

    ret->warn = warn;
    ret->userdata = context;
    return r;
}

/* An engine of an ordinary user calls us as the root of his user namespace, with his XDG_RUNTIME_DIR. */
static bool runs_rootless(void)
{
    return geteuid() != 0 || (getenv("XDG_RUNTIME_DIR") && host_in_user_namespace());
}

int crun_context_new(const struct crun_context_options *options, struct crun_context **ret_context,
                     struct crun_error *error)
{
    struct crun_context *context = calloc(1, sizeof *context);
    struct error *err = own_error(error);
    int r;

    if (!context)
        return error_errno(err, -ENOMEM, "start");
    context->root_fd = -1;
    context->manager = (enum cgroup_manager) options->cgroup_manager;
    context->as_runc = options->as_runc;
    context->rootless = options->rootless < 0 ? runs_rootless() : options->rootless;
    r = open_log(context, options, err);
    if (r >= 0 && options->root && !(context->root_option = strdup(options->root)))
        r = error_errno(err, -ENOMEM, "start");
    if (r >= 0 && options->criu && !(context->criu = strdup(options->criu)))
        r = error_errno(err, -ENOMEM, "start");
    if (r < 0) {
        crun_context_free(context);
        return r;
    }
    *ret_context = context;
    return 0;
}

void crun_context_free(struct crun_context *context)
{
    if (!context)
        return;
    fd_close(&context->root_fd);
    free(context->root_option);
    free(context->criu);
    free(context->root_path);
    if (context->log)
        log_close(context->log);
    free(context);
}

void crun_context_operation(struct crun_context *context, const char *operation, const char *id)
{
    log_context(context->log, id, operation);
}

void crun_log(struct crun_context *context, enum crun_log_level level, const char *text)
{
    log_write(context->log, (enum log_level) level, "%s", text);
}

const char *crun_errno_text(int code)
{
    return errno_text(code);
}

static const char *face_name(const struct crun_context *context)
{
    return context->as_runc ? "runc" : "crun";
}

int context_timeline(struct crun_context *context, const char *destination, struct timeline *timeline,
                     struct error *err)
{
    int r = destination ? timeline_open(timeline, destination, err) : 0;

    context->timeline = destination && r >= 0 ? timeline : NULL;
    return r;
}

void context_timeline_end(struct crun_context *context)
{
    timeline_finish(context->timeline, context->log);
    context->timeline = NULL;
}

static int open_root(struct crun_context *context, bool make, struct error *err)
{
    if (context->root_fd >= 0)
        return 0;
    free(context->root_path);
    context->root_path = NULL;
    return state_root_open(context->root_option, face_name(context), context->rootless, make, &context->root_fd,
                           &context->root_path, err);
}

int context_root(struct crun_context *context, struct error *err)
{
    return open_root(context, true, err);
}

int context_root_if_there(struct crun_context *context, struct error *err)
{
    int r = open_root(context, false, err);

    return r == -ENOENT ? 0 : r;
}

int context_root_path(const struct crun_context *context, char **ret_path, struct error *err)
{
    return state_root_path(context->root_option, face_name(context), context->rootless, ret_path, err);
}

const char *crun_context_root(struct crun_context *context)
{
    struct error ignored;

    if (context->root_option)
        return context->root_option;
    if (!context->root_path && context_root_path(context, &context->root_path, &ignored) < 0)
        return "?";
    return context->root_path;
}

int container_open(struct crun_context *context, const char *id, int lock, struct container *ret, struct error *err)
{
    *ret = (struct container){ .dir_fd = -1 };
    return container_open_next(context, id, lock, ret, err);
}

static int container_arena(struct arena *arena, struct error *err)
{
    if (!arena->base)
        return arena_init(arena, (size_t) 64 << 20, err);
    arena_reset(arena);
    return 0;
}

/* Without a state that can be read it may be a directory of somebody's. */
static int check_ours(const struct crun_context *context, const char *id, int dir_fd, struct error *err)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", context->root_path, id);
    return state_dir_check_ours(dir_fd, path, err);
}

/* The launch was killed between making the directory and writing to it. What that tells is told, for readers who want all
 * members of an entry of `list`. */
static int take_half_made(const char *id, struct container *container, struct error *err)
{
    struct stat st;

    if (fstat(container->dir_fd, &st) < 0)
        return error_errno(err, -errno, "container \"%s\"", id);
    container->half_made = true;
    container->state = (struct state){ .id = arena_strdup(&container->arena, id),
                                       .oci_version = crun_spec_version(),
                                       .bundle = "",
                                       .rootfs = "",
                                       .creating = true };
    container_origin(&container->state, &st.st_mtim, &container->arena);
    return 0;
}

static int read_container(const struct crun_context *context, const char *id, struct container *container,
                          struct error *err)
{
    int r = state_read(container->dir_fd, id, &container->state, &container->arena, err), ours;

    if (r != -ENOENT && r != -EINVAL)
        return r;
    ours = check_ours(context, id, container->dir_fd, err);
    if (ours < 0 || r == -EINVAL)
        return ours < 0 ? ours : r;
    return take_half_made(id, container, err);
}

int container_open_next(struct crun_context *context, const char *id, int lock, struct container *ret,
                        struct error *err)
{
    int r = state_check_id(id, err);

    fd_close(&ret->dir_fd);
    *ret = (struct container){ .dir_fd = -1, .arena = ret->arena };
    if (r >= 0)
        r = context_root_if_there(context, err);
    if (r >= 0)
        r = state_dir_open(context->root_fd, id, lock, &ret->dir_fd, err);
    if (r >= 0)
        r = container_arena(&ret->arena, err);
    if (r < 0) {
        container_close(ret);
        return r;
    }
    r = read_container(context, id, ret, err);
    if (r < 0)
        container_close(ret);
    return r;
}

int container_look_next(struct crun_context *context, const char *id, struct container *ret, struct error *err)
{
    int r = container_arena(&ret->arena, err);

    if (r < 0)
        return r;
    fd_close(&ret->dir_fd);
    *ret = (struct container){ .dir_fd = -1, .root_fd = context->root_fd, .arena = ret->arena };
    r = state_look(context->root_fd, id, &ret->state, &ret->arena, err);
    return r == -ENOENT || r == -EINVAL ? container_open_next(context, id, 0, ret, err) : r;
}

void container_close(struct container *container)
{
    fd_close(&container->dir_fd);
    arena_done(&container->arena);
}

static bool is_frozen(const struct container *container)
{
    const struct state *state = &container->state;

    for (size_t i = 0; i < state->n_cgroups; i++) {
        const struct cgroup_dir *dir = &state->cgroups[i];
        bool can_freeze = dir->v2 || (dir->controllers && strstr(dir->controllers, "freezer"));

        if (can_freeze && cgroup_frozen(dir))
            return true;
    }
    return false;
}

enum state_status container_status(const struct container *container)
{
    enum state_status status = container->dir_fd >= 0 ? state_status(container->dir_fd, &container->state)
                                                      : state_look_status(container->root_fd, &container->state);

    if (status != STATE_CREATED && status != STATE_RUNNING)
        return status;
    return is_frozen(container) ? STATE_PAUSED : status;
}

int container_check_running(const struct container *container, struct error *err)
{
    switch (container_status(container)) {
    case STATE_CREATED:
    case STATE_RUNNING:
    case STATE_PAUSED:
        return 0;
    case STATE_CREATING:
    case STATE_STOPPED:
        break;
    }
    return error_set(err, -ESRCH, "container not running");
}
