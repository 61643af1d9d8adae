// SPDX-License-Identifier: LGPL-2.1-or-later
/* delete: kill when asked, then cgroups, then hooks, and the state directory last, so that it can be done again. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroup/cgroup.h"
#include "cgroup/systemd.h"
#include "container/context.h"
#include "launch/cancel.h"
#include "state/hook.h"

enum { REMOVE_TIMEOUT_MS = 10000, STRANGERS_TIMEOUT_MS = 300 };

/* An empty scope ends by itself, but a failed one stays until systemd is told. False: it was not told. */
static bool stop_scope(struct crun_context *context, const struct state *state)
{
    struct systemd systemd = { .fd = -1 };
    struct error err = { 0 };
    int r = systemd_open(&systemd, host_has_own_manager(), &err);

    if (r >= 0)
        r = systemd_stop(&systemd, state->scope, &err);
    if (r < 0)
        log_write(context->log, LOG_LEVEL_WARNING, "scope \"%s\" was not stopped: %s", state->scope, err.text);
    systemd_close(&systemd);
    return r >= 0;
}

/* systemd removes an empty cgroup of its own as well, but does not hear of it when somebody else does. */
static bool is_left_to_systemd(const struct cgroup_dir *cgroup)
{
    return cgroup->v2 || (cgroup->controllers && strcmp(cgroup->controllers, "name=systemd") == 0);
}

/* Whoever has killed the container has killed what is in one of its cgroups; a process that somebody has moved into another
 * of them does not know of it. */
static int remove_with_processes(const struct cgroup_dir *cgroup, struct error *err)
{
    int r = cgroup_remove(cgroup, 0, NULL);

    if (r != -EBUSY)
        return r >= 0 ? r : cgroup_remove(cgroup, 0, err);
    cgroup_signal(cgroup, SIGKILL, NULL);
    return cgroup_remove(cgroup, REMOVE_TIMEOUT_MS, err);
}

/* ERR NULL: it was said already that somebody is there, and he is most likely in this one as well. */
static int remove_if_empty(const struct cgroup_dir *cgroup, struct error *err)
{
    int r = cgroup_remove(cgroup, err ? STRANGERS_TIMEOUT_MS : 0, err);

    return r == -EBUSY && err
               ? error_append(err, " (not the container's: move it elsewhere, or use --force to kill it)")
               : r;
}

static int remove_cgroups(struct crun_context *context, const struct container *container, struct error *err)
{
    const struct state *state = &container->state;
    bool told = !state->scope || stop_scope(context, state);
    int r = 0;

    for (size_t i = 0; i < state->n_cgroups; i++) {
        int (*remove)(const struct cgroup_dir *, struct error *) =
            container->spares_strangers ? remove_if_empty : remove_with_processes;
        int one = !told && is_left_to_systemd(&state->cgroups[i]) ? 0 : remove(&state->cgroups[i], r < 0 ? NULL : err);

        r = r < 0 ? r : one;
    }
    return r;
}

/* The monitoring group lies in the class. Busy or gone: the next mount of resctrl has neither. */
static void remove_rdt(const struct state *state)
{
    if (state->rdt_monitor)
        rmdir(state->rdt_monitor);
    if (state->rdt_class)
        rmdir(state->rdt_class);
}

/* 1: a file was removed, or there is none; 0: what is there is no file; -errno. */
static int unlink_file(const char *path)
{
    struct stat st;

    if (lstat(path, &st) < 0)
        return errno == ENOENT || errno == ENOTDIR ? 1 : -errno;
    if (!S_ISREG(st.st_mode))
        return 0;
    return unlink(path) < 0 && errno != ENOENT ? -errno : 1;
}

/* The pid file, and what a runtime killed while it wrote it has left beside it (file_replace). What is no file is not
 * ours: it was refused when it was to be written. */
static void remove_pid_file(struct crun_context *context, const char *path)
{
    const char *slash = strrchr(path, '/');
    char temporary[PATH_MAX];
    int n = slash ? snprintf(temporary, sizeof temporary, "%.*s/.%s.new", (int) (slash - path), path, slash + 1) : -1;
    int r;

    if (n > 0 && n < (int) sizeof temporary)
        unlink(temporary);
    r = unlink_file(path);
    if (r < 0)
        log_write(context->log, LOG_LEVEL_WARNING, "the pid file \"%s\" is left: %s", path, errno_text(-r));
}

/* Whoever wrote it since, another container's runtime perhaps, still needs it. What cannot be read is left to unlink,
 * which tells of it. */
static bool pid_file_is_ours(const struct state *state)
{
    char ours[16], found[16];
    _cleanup_close_ int fd = open(state->pid_file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int length = snprintf(ours, sizeof ours, "%d", (int) state->pid);
    ssize_t n = fd < 0 ? -1 : read(fd, found, sizeof found);

    return n < 0 || state->pid <= 0 || (n == length && memcmp(found, ours, (size_t) length) == 0);
}

/* Without the kept config.json an earlier delete had come past the hooks when it was killed. */
static void run_poststop(struct crun_context *context, struct container *container)
{
    struct error err = { 0 };
    int r = 0;

    if (!container->half_made)
        r = container_hooks(context, container, HOOK_POSTSTOP, STATE_STOPPED, &err);
    if (r < 0)
        log_write(context->log, r == -ENOENT ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING, "poststop hooks were not run: %s",
                  err.text);
}

int container_remove(struct crun_context *context, struct container *container, struct error *err)
{
    int r = remove_cgroups(context, container, err);

    if (r < 0)
        return r;
    remove_rdt(&container->state);
    run_poststop(context, container);
    if (container->state.pid_file && pid_file_is_ours(&container->state))
        remove_pid_file(context, container->state.pid_file);
    return state_dir_remove(context->root_fd, container->state.id, container->dir_fd, err);
}

static int remove_salvaged(struct crun_context *context, struct container *container, struct error *err)
{
    int r = container_salvage(context, container, err);

    if (r >= 0)
        r = container_kill_all(container, err);
    return r < 0 ? r : remove_cgroups(context, container, err);
}

/* What a damaged state described is found by the configuration. If it is not, that is an error; the directory, which
 * is of no use to anybody, goes in any case. */
static int remove_damaged(struct crun_context *context, const char *id, struct error *err)
{
    _cleanup_(container_close) struct container container = { .dir_fd = -1, .half_made = true };
    struct error why = *err;
    int r = state_check_id(id, err);

    if (r >= 0 && context->root_fd < 0)
        r = why.code; /* it was the state root: nothing is damaged */
    if (r >= 0)
        r = state_dir_open(context->root_fd, id, LOCK_EX, &container.dir_fd, err);
    if (r >= 0)
        r = arena_init(&container.arena, (size_t) 64 << 20, err);
    if (r < 0)
        return r;
    log_write(context->log, LOG_LEVEL_WARNING, "%s", why.text);
    container.state = (struct state){ .id = id };
    hook_end(container.dir_fd, HOOK_END_ANY);
    r = remove_salvaged(context, &container, err);
    if (r < 0)
        error_prefix(err, "container \"%s\": its state cannot be read, and its processes and cgroups may be left", id);
    return state_dir_remove(context->root_fd, id, container.dir_fd, r < 0 ? NULL : err) < 0 && r >= 0 ? -EIO : r;
}

/* A state that is missing beside a kept config.json: the launch was killed just there, and made nothing else, or somebody
 * has removed it. Its cgroups tell which. */
static int remove_stateless(struct crun_context *context, struct container *container, struct error *err)
{
    const char *id = container->state.id;
    int r;

    hook_end(container->dir_fd, HOOK_END_ANY);
    r = remove_salvaged(context, container, err);
    if (r == -ENOENT)
        r = 0;
    if (r < 0)
        error_prefix(err, "container \"%s\": its " STATE_FILE " is missing, and its processes and cgroups may be left",
                     id);
    return state_dir_remove(context->root_fd, id, container->dir_fd, r < 0 ? NULL : err) < 0 && r >= 0 ? -EIO : r;
}

/* All processes of a pid namespace have ended with the first one: whoever is in a cgroup now came from elsewhere. */
static bool has_nobody(const struct container *container, enum state_status status)
{
    return status == STATE_STOPPED && container->state.own_pid_namespace && !container->half_made;
}

static bool may_kill(enum state_status status, bool force)
{
    return force || status == STATE_CREATED || status == STATE_STOPPED;
}

/* From now on a signal that is to end us ends a poststop hook at most; it strikes when all is done. */
static int delete_locked(struct crun_context *context, struct container *container, struct error *err)
{
    struct cancel cancel = { 0 };
    int r = cancel_hold(&cancel, err);

    container->cancel = &cancel;
    if (r >= 0 && !container->spares_strangers)
        r = container_kill_all(container, err);
    hook_end(container->dir_fd, HOOK_END_ANY); /* whoever ran it was killed */
    if (r >= 0)
        r = container_remove(context, container, err);
    container->cancel = NULL;
    cancel_release(&cancel);
    return r;
}

int crun_delete(struct crun_context *context, const char *id, bool force, struct crun_error *error)
{
    _cleanup_(container_close) struct container container = { .dir_fd = -1 };
    struct error *err = own_error(error);
    enum state_status status;
    int r = force ? container_seize(context, id, &container, err) : container_lock(context, id, &container, err);

    if (r == -ENOENT && force)
        return 0;
    if (r == -EINVAL && force)
        return remove_damaged(context, id, err);
    if (r < 0)
        return r;
    status = container_status(&container);
    if (!may_kill(status, force))
        return error_set(err, -EBUSY, "cannot delete container \"%s\" that is not stopped: %s (use --force to kill it)",
                         id, state_status_name(status));
    r = container_check_caller(&container, err);
    if (r < 0)
        return r;
    if (container.half_made && state_dir_has_config(container.dir_fd))
        return remove_stateless(context, &container, err);
    if (status == STATE_RUNNING || status == STATE_PAUSED)
        container_warn_of_others(context, &container);
    container.spares_strangers = !force && has_nobody(&container, status);
    return delete_locked(context, &container, err);
}
