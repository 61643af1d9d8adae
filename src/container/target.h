// SPDX-License-Identifier: LGPL-2.1-or-later
/* The facts about a running container on which the plan of `exec` depends. */
#pragma once

#include "container/context.h"
#include "plan/target.h"

/* Fill namespaces, groups, cgroups and the pid; strings go into ARENA. PIDFD is the container's first process: what is
 * read by its number was its own if it is still there at the end, else -ESRCH. HOST: probed with HOST_CGROUP. */
int target_find(const struct container *container, int pidfd, const struct host *host, struct arena *arena,
                struct plan_target *ret, struct error *err);
