// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * `run.oci.systemd.force_cgroup_v1=PATH`: the container's systemd is too old for cgroup v2, and gets at PATH the one v1
 * hierarchy that it cannot do without, `none,name=systemd`. The host must have that mounted; the container has a cgroup of
 * its own there (plan.cgroups), and sees that alone.
 */
#include <errno.h>

#include "plan/cgroup_work.h"
#include "plan/plan.h"
#include "spec/spec.h"
#include "sys/mounts.h"

#define NAMED "name=systemd"
#define SAFE  (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV)
#define WHAT  "annotations[\"" SPEC_FORCE_CGROUP_V1 "\"]"
#define REMEDY                                                                                                         \
    "as root: mkdir /sys/fs/cgroup/systemd; mount -t cgroup -o none,name=systemd,xattr cgroup /sys/fs/cgroup/systemd"

static bool cgroup_namespace(const struct planner *planner)
{
    return (planner->namespaces_new | planner->namespaces_joined) & CLONE_NEWCGROUP;
}

static void bind_row(struct planner *planner, const struct cgroup_dir *own, const char *path)
{
    op_str source = plan_strf(planner, "%s%s", own->mount, own->path), target = plan_str(planner, path);
    struct op *op = plan_add(planner, OP_BIND, SIDE_INIT, "%s", WHAT);

    op->bind.source = source;
    op->bind.tree = SLOT_NONE;
    op->bind.target = target;
    op->bind.set = SAFE;
}

static void mount_row(struct planner *planner, const char *path)
{
    static const char *const options[] = { "none", NAMED, "xattr" };
    op_str type = plan_str(planner, "cgroup"), target = plan_str(planner, path);
    struct op_list list = plan_list(planner, options, sizeof options / sizeof options[0]);
    struct op *op = plan_add(planner, OP_MOUNT, SIDE_INIT, "%s", WHAT);

    op->mount.type = op->mount.source = type;
    op->mount.options = list;
    op->mount.attr = SAFE;
    op->mount.target = target;
    op->mount.flags = MOUNT_CGROUP;
}

void plan_systemd_mount(struct planner *planner)
{
    const char *path = spec_annotation(planner->input->spec, SPEC_FORCE_CGROUP_V1);
    int i = cgroup_find(planner, false, NAMED);

    if (!path)
        return;
    if (path[0] != '/')
        plan_fail(planner, -EINVAL, WHAT ": expected an absolute path, found \"%s\"", path);
    else if (i == CGROUP_NOT_FOUND)
        plan_fail(planner, -ENOENT,
                  WHAT ": the host has no cgroup v1 hierarchy \"" NAMED
                       "\" in which the container could have a cgroup (" REMEDY "; for an ordinary user chown it)");
    else if (cgroup_namespace(planner))
        mount_row(planner, path);
    else
        bind_row(planner, &planner->plan.cgroups[i], path);
}
