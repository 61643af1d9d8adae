// SPDX-License-Identifier: LGPL-2.1-or-later
/* The root file system: propagation before, its own mount, pivot_root, propagation and read-only after. */
#include <errno.h>
#include <string.h>
#include <sys/mount.h>

#include "plan/mount_options.h"
#include "plan/plan.h"
#include "sys/compat.h"

static unsigned propagation_flags(const char *name)
{
    struct mount_options options;

    mount_options_parse(&options, &name, 1, &(struct arena){ 0 });
    return options.propagation;
}

/* Mounts of the namespace before the root is entered: at least slaves, for nothing done here may reach the host
 * unless "shared" was asked for. */
static unsigned early_propagation(const struct spec *spec)
{
    unsigned flags = spec->linux_->rootfs_propagation ? propagation_flags(spec->linux_->rootfs_propagation) : 0;

    if (!flags)
        return MS_SLAVE | MS_REC;
    if (flags & (MS_SHARED | MS_UNBINDABLE)) /* set on the root itself, after it was bound */
        return MS_SLAVE | MS_REC;
    return flags | MS_REC;
}

static const char *root_path(struct planner *planner)
{
    const struct spec_root *root = planner->input->spec->root;

    if (!root || !root->path || !*root->path) {
        plan_fail(planner, -EINVAL, "root.path: missing, a container needs a root file system");
        return "/";
    }
    if (root->path[0] == '/')
        return root->path;
    return arena_printf(planner->arena, "%s/%s", planner->input->bundle, root->path);
}

/* As the host's root we open the tree for a user namespace that might not reach the directory. */
static op_slot root_tree(struct planner *planner, const char *path)
{
    bool own_mounts = planner->namespaces_new & CLONE_NEWNS;
    struct op *op;

    if (!own_mounts || !planner->user_namespace || !host_opens_trees(planner->input->host))
        return SLOT_NONE;
    op = plan_add(planner, OP_OPEN, SIDE_PARENT, "root.path \"%s\"", path);
    op->open.slot = plan_slot(planner);
    op->open.path = plan_str(planner, path);
    op->open.tree = 2;
    return op->open.slot;
}

void plan_root_source(struct planner *planner)
{
    const char *path = root_path(planner);

    planner->root_path = path;
    planner->root_tree = root_tree(planner, path);
}

void plan_root_prepare(struct planner *planner)
{
    struct op *op = plan_add(planner, OP_PROPAGATION, SIDE_INIT, "linux.rootfsPropagation");

    op->propagation.flags = early_propagation(planner->input->spec);
    op = plan_add(planner, OP_ROOT, SIDE_INIT, "root.path \"%s\"", planner->root_path);
    op->root.path = plan_str(planner, planner->root_path);
    op->root.tree = planner->root_tree;
}

void plan_root_enter(struct planner *planner)
{
    plan_add(planner, OP_PIVOT, SIDE_INIT, "root file system")->pivot.mode =
        planner->input->no_pivot ? PIVOT_MOVE : PIVOT_ROOT;
}

void plan_root_propagation(struct planner *planner)
{
    const char *propagation = planner->input->spec->linux_->rootfs_propagation;
    unsigned flags = propagation ? propagation_flags(propagation) : 0;

    if (flags & (MS_SHARED | MS_UNBINDABLE))
        plan_add(planner, OP_ROOT_PROPAGATION, SIDE_INIT, "linux.rootfsPropagation \"%s\"", propagation)
            ->root_propagation.flags = flags;
}
