// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where a container's cgroups are, below the mount of each hierarchy. Part of plan/cgroup.c. */
#pragma once

#include "plan/plan.h"

/* Whether cgroups are ours to make anywhere: root of the initial user namespace. */
bool cgroup_privileged(const struct host *host);

/* NAME, or if it is longer than LIMIT (that of a directory, of a unit) its start and a hash of all of it. */
const char *cgroup_short_name(struct planner *planner, const char *name, int limit);

/* The container's cgroup in HIERARCHY, "/a/b" below its mount point; NULL after plan_fail. */
const char *cgroup_path_of(struct planner *planner, const struct cgroup_hierarchy *hierarchy);
