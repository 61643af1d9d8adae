// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * `restore` as a list. Cgroups, hooks, state and pid file are those of a create; crun-init has no part in it: namespaces,
 * mounts and processes are CRIU's work. It goes on in stages, between which stand the rows that need the first process
 * but must be done before it runs:
 *
 *     STATE_CREATE, CGROUP_MAKE ...
 *     CRIU started ─────────────▶ (forked, not yet executed)
 *     CGROUP_JOIN                 its children are born in the container's cgroups
 *     CRIU namespaces ──────────▶ the first process, alone in its namespaces
 *     HOOK prestart, createRuntime
 *     CRIU restored ────────────▶ memory, files, all processes; nobody runs
 *     STATE_SAVE, PID_FILE
 *     CRIU running
 *
 * Hooks inside the container (createContainer, startContainer) had their time when it was made.
 */
#include "plan/plan.h"

static void stage_row(struct planner *planner, enum criu_stage stage, const char *what)
{
    plan_add(planner, OP_CRIU, SIDE_PARENT, "%s", what)->criu.stage = stage;
}

static void restore_rows(struct planner *planner)
{
    plan_begin(planner);
    stage_row(planner, CRIU_STAGE_STARTED, "start criu");
    plan_cgroup_restore(planner);
    plan_intel_rdt_join(planner);
    stage_row(planner, CRIU_STAGE_NAMESPACES, "restore the namespaces");
    plan_hooks(planner, HOOK_PRESTART, SIDE_PARENT);
    plan_hooks(planner, HOOK_CREATE_RUNTIME, SIDE_PARENT);
    stage_row(planner, CRIU_STAGE_RESTORED, "restore the processes");
    plan_cgroup_restored(planner);
    plan_add(planner, OP_STATE_SAVE, SIDE_PARENT, "state");
    plan_announce(planner);
    stage_row(planner, CRIU_STAGE_RUNNING, "let the processes run");
}

int plan_restore(const struct plan_input *input, struct arena *arena, struct plan *ret_plan, struct error *err)
{
    return plan_build(input, restore_rows, arena, ret_plan, err);
}
