// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Rows by which crun-init enters a container that exists: what `exec` and `mounts` have in common. The namespaces that
 * are entered are those in which the container's first process is not where we are, whatever config.json says.
 */
#include "plan/plan.h"
#include "sys/compat.h"

static const struct plan_target *target_of(const struct planner *planner)
{
    return planner->input->target;
}

/* As the container has them: config.json says nothing of a map that was made by itself, or of a namespace that was joined. */
static void decide_maps(struct planner *planner)
{
    const struct spec_linux *lin = planner->input->spec->linux_;
    const struct plan_target *target = target_of(planner);
    bool known = target->n_uids && target->n_gids, said = lin->n_uid_mappings && lin->n_gid_mappings;

    if (known) {
        planner->uids = (struct planner_map){ .maps = target->uids, .n = target->n_uids };
        planner->gids = (struct planner_map){ .maps = target->gids, .n = target->n_gids };
    } else if (said) {
        planner->uids = (struct planner_map){ .maps = lin->uid_mappings, .n = lin->n_uid_mappings };
        planner->gids = (struct planner_map){ .maps = lin->gid_mappings, .n = lin->n_gid_mappings };
    }
}

void plan_target_decide(struct planner *planner)
{
    planner->namespaces_joined = target_of(planner)->namespaces;
    planner->user_namespace = planner->namespaces_joined & CLONE_NEWUSER;
    planner->groups_denied = planner->user_namespace && target_of(planner)->groups_denied;
    if (planner->user_namespace)
        decide_maps(planner);
}

op_slot plan_target_find(struct planner *planner)
{
    op_slot slot;
    struct op *op;

    if (!planner->namespaces_joined)
        return SLOT_NONE;
    slot = plan_slot(planner);
    op = plan_add(planner, OP_TARGET, SIDE_PARENT, "container's process %d", target_of(planner)->pid);
    op->target.slot = slot;
    op->target.pid = target_of(planner)->pid;
    return slot;
}

void plan_target_enter(struct planner *planner, op_slot slot, bool be_born_inside)
{
    struct op *op;

    if (slot == SLOT_NONE)
        return;
    op = plan_add(planner, OP_SETNS, SIDE_INIT, "namespaces of the container");
    op->setns.fd = slot;
    op->setns.type = planner->namespaces_joined;
    op->setns.pid = target_of(planner)->pid;
    if (be_born_inside && (planner->namespaces_joined & CLONE_NEWPID))
        plan_refork(planner, 0, "pid namespace of the container");
    plan_become_root(planner);
}
