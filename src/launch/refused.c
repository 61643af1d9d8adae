// SPDX-License-Identifier: LGPL-2.1-or-later
/* Why the kernel has refused new namespaces: its errno alone says it to nobody. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"
#include "launch/launch.h"
#include "sys/mounts.h"

/* user_namespaces(7): each type is limited in every user namespace; a limit of 0 forbids it. */
static const struct limit {
    unsigned long flag;
    const char *name;
} namespace_limits[] = {
    {CLONE_NEWUSER,    "max_user_namespaces"  },
    { CLONE_NEWPID,    "max_pid_namespaces"   },
    { CLONE_NEWNET,    "max_net_namespaces"   },
    { CLONE_NEWNS,     "max_mnt_namespaces"   },
    { CLONE_NEWIPC,    "max_ipc_namespaces"   },
    { CLONE_NEWUTS,    "max_uts_namespaces"   },
    { CLONE_NEWCGROUP, "max_cgroup_namespaces"},
};

static const char *forbidden_type(unsigned long flags)
{
    char path[64];

    for (size_t i = 0; i < sizeof namespace_limits / sizeof *namespace_limits; i++) {
        _cleanup_free_ char *value = NULL;

        snprintf(path, sizeof path, "/proc/sys/user/%s", namespace_limits[i].name);
        if (flags & namespace_limits[i].flag && file_read(AT_FDCWD, path, 64, &value, NULL) >= 0 && atoll(value) == 0)
            return namespace_limits[i].name;
    }
    return NULL;
}

void launch_namespaces_explain(unsigned long flags, struct error *err)
{
    const char *type;

    if (err->code != -ENOSPC)
        return;
    type = forbidden_type(flags);
    if (type)
        error_append(err, " (sysctl user.%s is 0)", type);
    else
        error_append(err, " (a limit of namespaces is reached: sysctl user.max_*_namespaces, or 32 nested ones)");
}

int launch_clone_refused(int code, unsigned long flags, struct error *err)
{
    error_errno(err, code, "clone the container's process");
    launch_namespaces_explain(flags, err);
    if (code == -EPERM && (flags & CLONE_NEWUSER))
        error_append(err,
                     " (are user namespaces allowed here? not in a chroot, nor where user.max_user_namespaces is 0)");
    if (code == -ENOSYS)
        error_append(err, " (a seccomp filter around crun refuses clone3(2) and clone(2))");
    return code;
}
