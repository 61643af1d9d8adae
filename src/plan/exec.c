// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The plan of `exec`: one more process in a container that exists.
 *
 *     crun                                crun-init
 *     TARGET, CGROUP_FIND
 *     CLONE (into the v2 cgroup) ───────▶ starts on the host's side of every namespace
 *     CGROUP_JOIN, OOM_SCORE_ADJ ...
 *     SYNC ──── GO ─────────────────────▶ SYNC
 *                                         SETNS all at once, REFORK into the pid namespace
 *                                         the same rows as at a start, from BECOME_ROOT to FIND
 *     SYNC ◀─── REACHED ───────────────── SYNC
 *     PID_FILE, PIDFD_SEND
 *     SYNC ──── GO ─────────────────────▶ SYNC
 *                                         RLIMIT, SECCOMP, EXEC
 *
 * The namespaces that are entered are those in which the container's first process is not where we are, whatever
 * config.json says: to enter one's own user namespace is an error, and the process may have moved on since.
 * Sync rows are there only when somebody has to wait.
 */
#include <errno.h>

#include "plan/affinity.h"
#include "plan/plan.h"

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

/* ---- it has gone over ---- */

/* Who asks for the process's number gets the one that it has after the REFORK, and before it does anything. A terminal
 * has the size of ours before its program looks. */
static void announce_rows(struct planner *planner)
{
    const struct plan_input *input = planner->input;
    bool announced = input->pid_file || input->pidfd_socket;

    if (!announced && !process_of(planner)->terminal)
        return;
    sync_row(planner, SYNC_PARENT_WAITS, "set up");
    plan_announce(planner);
    sync_row(planner, SYNC_INIT_WAITS, announced ? "its number is known" : "its terminal is ready");
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
    clone_rows(planner);
    plan_target_enter(planner, slot, true);
    plan_process_early(planner);
    affinity_row(planner, process_of(planner)->affinity_final, "process.execCPUAffinity.final");
    plan_terminal(planner);
    plan_process_prepare(planner);
    announce_rows(planner);
    plan_process_execute(planner);
}

int plan_exec(const struct plan_input *input, struct arena *arena, struct plan *ret_plan, struct error *err)
{
    return plan_build(input, exec_rows, arena, ret_plan, err);
}
