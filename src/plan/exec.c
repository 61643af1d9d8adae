// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The plan of `exec`: one more process in a container that exists.
 *
 *     crun                                crun-init
 *     TARGET, CGROUP_FIND
 *     CLONE (into the v2 cgroup) ───────▶ starts on the host's side of every namespace
 *     CGROUP_JOIN, OOM_SCORE_ADJ ...
 *     SYNC ──── GO ─────────────────────▶ SYNC
 *                                         SETNS all at once
 *                                         the same rows as at a start, from BECOME_ROOT to FIND
 *                                         RLIMIT, NO_NEW_PRIVS, SECCOMP if it lets us go on
 *     REFORK ◀────── its end ──────────── REFORK into the pid namespace
 *     PID_FILE, PIDFD_SEND                    │
 *     SYNC ──── GO ───────────────────────────▶ SESSION, what else is its own, EXEC
 *
 * The namespaces that are entered are those in which the container's first process is not where we are, whatever
 * config.json says: to enter one's own user namespace is an error, and the process may have moved on since.
 * Sync rows are there only when somebody has to wait. Without PIPES (see pipe_rows) the limits and the filter come after the
 * REFORK, and it is the new process that waits at the sync rows.
 */
#include <errno.h>

#include "plan/affinity.h"
#include "plan/early_filter.h"
#include "plan/plan.h"
#include "sys/compat.h"

static const struct spec_process *process_of(const struct planner *planner)
{
    return planner->input->spec->process;
}

static void sync_row(struct planner *planner, enum sync_mode mode, const char *what)
{
    plan_add(planner, OP_SYNC, SIDE_BOTH, "%s", what)->sync.mode = mode;
}

static void check_ids(struct planner *planner)
{
    const struct spec_process *process = process_of(planner);

    plan_check_uid(planner, "user ", process->uid, "");
    plan_check_gid(planner, "group ", process->gid, "");
}

/* ---- the process is born ---- */

static void affinity_row(struct planner *planner, const char *list, const char *field)
{
    struct op_bytes mask;

    if (!list || !*list)
        return;
    mask = plan_number_list(planner, list, CPU_MAX, field);
    plan_add(planner, OP_AFFINITY, SIDE_INIT, "%s", field)->affinity.mask = mask;
}

/* execCPUAffinity: `initial` holds until the process is in the container's cgroup, `final` from then on. */
static void clone_rows(struct planner *planner)
{
    const char *initial = process_of(planner)->affinity_initial;
    bool affinity = initial && *initial;
    int born_in = affinity ? -1 : plan_cgroup_exec_hierarchy(planner);
    uint32_t first;

    plan_add(planner, OP_CLONE, SIDE_PARENT, "process")->clone.hierarchy = born_in;
    affinity_row(planner, initial, "process.execCPUAffinity.initial");
    if (affinity)
        sync_row(planner, SYNC_PARENT_WAITS, "initial CPU affinity");
    first = planner->plan.blob->n_ops;
    plan_cgroup_enter(planner, born_in);
    plan_process_parent(planner);
    if (planner->plan.blob->n_ops > first || affinity)
        sync_row(planner, SYNC_INIT_WAITS, "cgroups are joined");
}

/* ---- it goes over ---- */

static bool is_born_inside(const struct planner *planner)
{
    return planner->namespaces_joined & CLONE_NEWPID;
}

static bool is_announced(const struct planner *planner)
{
    return planner->input->pid_file || planner->input->pidfd_socket;
}

/* Who asks for the process's number gets the one that it has after the REFORK, and before it does anything. A terminal
 * has the size of ours before its program looks. */
static bool has_to_wait(const struct planner *planner)
{
    return is_announced(planner) || process_of(planner)->terminal;
}

/* Where somebody in the container may have CAP_SYS_PTRACE over it, it is given nothing from its first moment that he must
 * not have. A socket's peer is a process that he could go on to; of a pipe there is none. But a listener travels by socket,
 * and so does the process's pidfd where we must not open one.
 * In a user namespace of the container it belongs to the one outside, as its memory does, until its program is executed. */
static void pipe_rows(struct planner *planner)
{
    struct op *op;

    if (!is_born_inside(planner) || planner->user_namespace || plan_filter_has_listener(planner) ||
        planner->input->target->no_pidfds)
        return;
    planner->report = plan_slot(planner);
    planner->go = has_to_wait(planner) ? plan_slot(planner) : SLOT_NONE;
    planner->filtered_early = plan_filter_may_be_early(planner);
    op = plan_add(planner, OP_PIPES, SIDE_PARENT, "pipes to the process");
    op->pipes.report = planner->report;
    op->pipes.go = planner->go;
}

static void announce_rows(struct planner *planner)
{
    bool piped = planner->report != SLOT_NONE;

    if (!has_to_wait(planner))
        return;
    if (!piped)
        sync_row(planner, SYNC_PARENT_WAITS, "set up");
    plan_announce(planner);
    plan_add(planner, OP_SYNC, piped ? SIDE_PARENT : SIDE_BOTH, "%s",
             is_announced(planner) ? "its number is known" : "its terminal is ready")
        ->sync.mode = SYNC_INIT_WAITS;
}

static void exec_rows(struct planner *planner)
{
    op_slot slot;

    if (!process_of(planner)) {
        plan_fail(planner, -EINVAL, "process: missing, there is nothing to run");
        return;
    }
    plan_target_decide(planner);
    check_ids(planner);
    plan_cgroup_find(planner);
    slot = plan_target_find(planner);
    pipe_rows(planner);
    clone_rows(planner);
    plan_target_enter(planner, slot, false);
    plan_process_early(planner);
    affinity_row(planner, process_of(planner)->affinity_final, "process.execCPUAffinity.final");
    plan_terminal(planner);
    plan_process_prepare(planner);
    plan_process_confine(planner);
    if (is_born_inside(planner))
        plan_refork(planner, 0, "pid namespace of the container");
    announce_rows(planner);
    plan_process_execute(planner);
}

int plan_exec(const struct plan_input *input, struct arena *arena, struct plan *ret_plan, struct error *err)
{
    return plan_build(input, exec_rows, arena, ret_plan, err);
}
