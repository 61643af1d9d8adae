// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sysfs, mqueue and procfs show a namespace, and the kernel gives a new mount only to the user namespace that owns that
 * namespace. A container in a user namespace of its own which keeps the host's network therefore gets the host's /sys
 * (read-only: with it comes /sys/fs/cgroup, CVE-2023-25809), with the host's IPC its /dev/mqueue, with the host's pids
 * its /proc. Nested in somebody else's user namespace who owns what cannot be known: a new mount is tried first. A procfs
 * of a new pid namespace has no stand-in: the host's would show other processes.
 */
#include "plan/stand_ins.h"

#include <string.h>

#include "sys/compat.h"

static const struct stand_in stand_ins[] = {
    {"sysfs",   CLONE_NEWNET, "/sys",        MOUNT_ATTR_RDONLY, "a sysfs needs a network namespace of the container's own"},
    { "mqueue", CLONE_NEWIPC, "/dev/mqueue", 0,                 "an mqueue needs an ipc namespace of the container's own" },
    { "proc",   CLONE_NEWPID, "/proc",       0,                 "a procfs needs a pid namespace of the container's own"   },
};

static bool has_namespace(const struct planner *planner, const struct stand_in *stand_in)
{
    return (planner->namespaces_new | planner->namespaces_joined) & stand_in->namespace;
}

const struct stand_in *stand_in_for(const struct planner *planner, const char *type)
{
    if (!type || (!planner->user_namespace && !planner->input->host->in_user_namespace))
        return NULL;
    for (size_t i = 0; i < sizeof stand_ins / sizeof stand_ins[0]; i++) {
        const struct stand_in *stand_in = &stand_ins[i];

        if (strcmp(stand_in->type, type) == 0)
            return stand_in->namespace == CLONE_NEWPID && has_namespace(planner, stand_in) ? NULL : stand_in;
    }
    return NULL;
}

bool stand_in_is_certain(const struct planner *planner, const struct stand_in *stand_in)
{
    return planner->user_namespace && !has_namespace(planner, stand_in);
}
