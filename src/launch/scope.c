// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * systemd knows where a scope's cgroup is, and only once it has made it: from then on the state has that path, in
 * every hierarchy. It is written down at once, so that what comes after a runtime that was killed here finds it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "launch/rows.h"

static int keep_path(struct launch *launch, struct error *err)
{
    struct state *state = launch->state;
    bool changed = false;

    for (size_t i = 0; i < state->n_cgroups; i++) {
        changed |= strcmp(state->cgroups[i].path, launch->control_group) != 0;
        state->cgroups[i].path = launch->control_group;
    }
    return changed ? state_write(launch->dir_fd, state, err) : 0;
}

/* The helper is gone, and with it the process that held the scope, if there was one; nobody but us knows of it. */
static void clear_scope(struct launch *launch, const struct op_scope_start *row, struct error *err)
{
    struct error why = { 0 };
    int r = systemd_open(&launch->systemd, row->user, &why);

    if (r >= 0)
        r = systemd_clear(&launch->systemd, text(launch, row->name), &why);
    if (r < 0)
        error_append(err, "; the scope \"%s\" may be left", text(launch, row->name));
    systemd_close(&launch->systemd);
}

int launch_scope_start(struct launch *launch, const struct op_scope_start *row, struct error *err)
{
    _cleanup_free_ char **properties = launch_list(launch, row->properties);
    int r = properties ? systemd_open(&launch->systemd, row->user, err) : error_errno(err, -ENOMEM, "start");

    if (r >= 0)
        r = systemd_start(&launch->systemd, text(launch, row->name), (const char *const *) properties,
                          row->properties.n, &launch->control_group, err);
    if (r < 0 && launch->systemd.fd < 0)
        clear_scope(launch, row, err);
    if (r < 0)
        return r;
    launch->scope_started = true;
    r = keep_path(launch, err);
    if (r < 0)
        launch_scope_undo(launch, row);
    else
        cgroup_oom_trace(launch->state->cgroups, launch->state->n_cgroups, &launch->oom_trace);
    return r;
}

int launch_scope_set(struct launch *launch, const struct op_scope_set *row, struct error *err)
{
    _cleanup_free_ char **properties = launch_list(launch, row->properties);
    int r = properties ? systemd_open(&launch->systemd, row->user, err) : error_errno(err, -ENOMEM, "set");

    return r < 0 ? r
                 : systemd_set(&launch->systemd, text(launch, row->name), (const char *const *) properties,
                               row->properties.n, err);
}

int launch_scope_attach(struct launch *launch, const struct op_scope_attach *row, struct error *err)
{
    const char *path = text(launch, row->path);
    int r = systemd_open(&launch->systemd, row->user, err);

    return r < 0 ? r
                 : systemd_attach(&launch->systemd, text(launch, row->name), path ? path : "", launch->state->pid, err);
}

int launch_scope_release(struct launch *launch, struct error *err)
{
    (void) err;
    systemd_close(&launch->systemd);
    return 0;
}

void launch_scope_undo(struct launch *launch, const struct op_scope_start *row)
{
    struct error err = { 0 };
    int r = launch->scope_started ? systemd_open(&launch->systemd, row->user, &err) : 0;

    if (!launch->scope_started)
        return;
    if (r >= 0)
        r = systemd_stop(&launch->systemd, text(launch, row->name), &err);
    if (r < 0)
        log_write(launch->log, LOG_LEVEL_WARNING, "scope \"%s\" is left: %s", text(launch, row->name), err.text);
    systemd_close(&launch->systemd);
    launch->scope_started = false;
}
