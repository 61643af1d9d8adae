// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A container without a mount namespace of its own: in the runtime's, or in one that is joined by path. It enters its
 * root by chroot(2), and nothing is mounted: a mount would be everybody's there, and pivot_root(2) would take the
 * root away from all of them. What cannot be done without a mount is refused by name, not passed over.
 */
#include <errno.h>

#include "plan/plan.h"

static void refuse(struct planner *planner, const char *field)
{
    plan_fail(planner, -EINVAL,
              "%s: not without a mount namespace of the container's own "
              "(add {\"type\": \"mount\"} without a path to linux.namespaces)",
              field);
}

void plan_shared_mounts_check(struct planner *planner)
{
    const struct spec *spec = planner->input->spec;
    const struct spec_linux *lin = spec->linux_;

    if (spec->n_mounts)
        refuse(planner, "mounts");
    if (lin->n_masked_paths)
        refuse(planner, "linux.maskedPaths");
    if (lin->n_readonly_paths)
        refuse(planner, "linux.readonlyPaths");
    if (lin->n_devices)
        refuse(planner, "linux.devices");
    if (lin->rootfs_propagation)
        refuse(planner, "linux.rootfsPropagation");
    if (spec->root && spec->root->readonly)
        refuse(planner, "root.readonly");
    if (spec->process && spec->process->terminal)
        refuse(planner, "process.terminal");
}

void plan_shared_mounts_root(struct planner *planner)
{
    struct op *op = plan_add(planner, OP_ROOT, SIDE_INIT, "root.path \"%s\"", planner->root_path);

    op->root.path = plan_str(planner, planner->root_path);
    op->root.tree = SLOT_NONE;
    op->root.flags = ROOT_AS_IT_IS;
}
