// SPDX-License-Identifier: LGPL-2.1-or-later
/* The facts about a running container on which the plan of `exec` depends. */
#pragma once

#include "container/context.h"
#include "plan/target.h"

/* A descriptor that stands for the container's first process: a pidfd, or where a sandbox blocks pidfd_open(2) its directory
 * in /proc; -ESRCH when it is gone. */
int target_open(const struct state *state, struct error *err);

/* Fill namespaces, groups, cgroups and the pid; strings go into ARENA. TARGET_FD is the container's first process: what is
 * read by its number was its own if it is still there at the end, else -ESRCH. HOST: probed with HOST_CGROUP. */
int target_find(const struct container *container, int target_fd, const struct host *host, struct arena *arena,
                struct plan_target *ret, struct error *err);
