// SPDX-License-Identifier: LGPL-2.1-or-later
/* Walking the list: rows forward, undo backward. */
#include "launch/launch.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "sys/process.h"

enum { STATUS_CANNOT_EXECUTE = 126, STATUS_NOT_FOUND = 127, STATUS_RUNTIME_FAILED = 1 };

void launch_init(struct launch *launch)
{
    launch->notify.fd = launch->dir_fd = launch->sync_fd = launch->listen_fd = launch->pidfd = launch->terminal_fd = -1;
    launch->report_fd = launch->go_fd = launch->go_end_fd = -1;
    launch->network_fd = launch->time_back_fd = launch->target_fd = -1;
    launch->oom_trace.fd = launch->systemd.fd = -1;
    launch->ignored = ALL_SIGNALS;
}

void launch_done(struct launch *launch)
{
    fd_close(&launch->dir_fd);
    notify_close(&launch->notify);
    fd_close(&launch->sync_fd);
    fd_close(&launch->listen_fd);
    fd_close(&launch->pidfd);
    fd_close(&launch->terminal_fd);
    fd_close(&launch->report_fd);
    fd_close(&launch->go_fd);
    fd_close(&launch->go_end_fd);
    fd_close(&launch->time_back_fd);
    fd_close(&launch->network_fd);
    for (unsigned i = 0; launch->slots && i < launch->n_slots; i++)
        fd_close(&launch->slots[i]);
    free(launch->slots);
    free(launch->mounted);
    free(launch->net_devices);
    free(launch->cgroups);
    oom_trace_done(&launch->oom_trace);
    systemd_close(&launch->systemd);
    free(launch->control_group);
    launch->control_group = NULL;
    launch->slots = NULL;
    launch->mounted = NULL;
    launch->cgroups = NULL;
}

/* crun-init's side of the timeline. */
static int share_times(struct launch *launch, struct error *err)
{
    const struct blob *blob = launch->plan->blob;

    return launch->timeline && blob->times
               ? timeline_start(launch->timeline, blob, &launch->slots[blob->times - 1], err)
               : 0;
}

static int allocate(struct launch *launch, struct error *err)
{
    launch->n_slots = launch->plan->blob->n_slots;
    launch->slots = malloc((launch->n_slots + 1) * sizeof *launch->slots);
    launch->cgroups = calloc(launch->plan->n_cgroups + 1, sizeof *launch->cgroups);
    if (!launch->slots || !launch->cgroups)
        return error_errno(err, -ENOMEM, "start the launch");
    for (unsigned i = 0; i <= launch->n_slots; i++)
        launch->slots[i] = -1;
    return share_times(launch, err);
}

static int parent_row(struct launch *launch, const struct op *op, struct error *err)
{
    if (log_enabled(launch->log, LOG_LEVEL_DEBUG))
        log_write(launch->log, LOG_LEVEL_DEBUG, "%s", blob_str(launch->plan->blob, op->what));
    return launch_row(launch, op, err);
}

static int any_row(struct launch *launch, uint32_t row, const struct op *op, struct error *err)
{
    int r;

    timeline_row_begin(launch->timeline, row);
    r = op->kind == OP_SYNC ? launch_sync(launch, row, op, err) : parent_row(launch, op, err);
    timeline_row_end(launch->timeline, row);
    return r;
}

static int walk(struct launch *launch, uint32_t *row, struct error *err)
{
    const struct blob *blob = launch->plan->blob;
    const struct op *ops = blob_ops(blob);
    int r = 0;

    for (*row = 0; *row < blob->n_ops && r >= 0; (*row)++) {
        const struct op *op = &ops[*row];

        if (op->side & SIDE_PARENT)
            r = any_row(launch, *row, op, err);
    }
    return r;
}

/* Rows before ROW, last first. A row that failed undid its own half. */
static void undo(struct launch *launch, uint32_t row)
{
    const struct op *ops = blob_ops(launch->plan->blob);

    while (row-- > 0)
        if (ops[row].side & SIDE_PARENT)
            launch_undo_row(launch, &ops[row]);
}

int launch_walk(struct launch *launch, struct error *err)
{
    uint32_t row = 0;
    int r = allocate(launch, err);

    launch->listener.cancel = launch->cancel;

    if (r >= 0)
        r = walk(launch, &row, err);
    if (r >= 0 && !launch->record && !launch->criu) /* also before a start: until then init dies with us */
        r = launch_wait_exec(launch, err);
    if (r >= 0)
        timeline_executed(launch->timeline, launch->state->pid);
    if (r < 0) {
        state_dir_explain(launch->dir_fd, launch->state->id, err);
        undo(launch, row);
    }
    fd_close(&launch->sync_fd);
    fd_close(&launch->network_fd);
    return r;
}

bool launch_oom_explain(struct launch *launch, struct error *err)
{
    const struct state *state = launch->state;

    return cgroup_oom_explain_traced(state->cgroups, state->n_cgroups, &launch->oom_trace, launch->plan->memory_limit,
                                     err);
}

int launch_failed_status(const struct launch *launch, int code)
{
    if (!launch->exec_failed)
        return STATUS_RUNTIME_FAILED;
    return code == -ENOENT || code == -ENOTDIR ? STATUS_NOT_FOUND : STATUS_CANNOT_EXECUTE;
}

void launch_undo(struct launch *launch)
{
    undo(launch, launch->plan->blob->n_ops);
}
