// SPDX-License-Identifier: LGPL-2.1-or-later
/* Masked and read-only paths, and the read-only root: last of the mounts, inside the root. */
#include "plan/plan.h"

void plan_paths(struct planner *planner)
{
    const struct spec *spec = planner->input->spec;
    const struct spec_linux *lin = spec->linux_;

    for (size_t i = 0; i < lin->n_readonly_paths; i++)
        plan_add(planner, OP_READONLY_PATH, SIDE_INIT, "linux.readonlyPaths[%zu] \"%s\"", i, lin->readonly_paths[i])
            ->readonly_path.path = plan_str(planner, lin->readonly_paths[i]);
    for (size_t i = 0; i < lin->n_masked_paths; i++)
        plan_add(planner, OP_MASK_PATH, SIDE_INIT, "linux.maskedPaths[%zu] \"%s\"", i, lin->masked_paths[i])
            ->mask_path.path = plan_str(planner, lin->masked_paths[i]);
    if (spec->root && spec->root->readonly)
        plan_add(planner, OP_ROOT_READONLY, SIDE_INIT, "root.readonly");
}
