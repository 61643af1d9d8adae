// SPDX-License-Identifier: LGPL-2.1-or-later
/* Controllers for a cgroup that is about to be used; part of cgroup/make.c. */
#pragma once

#include "cgroup/cgroup.h"

/* v2: see that DIR, which exists, has the controllers of ENABLE ("memory pids ?io"; one with ? only if possible), by
 * enabling them in every cgroup above it where they are missing. */
int cgroup_enable(const struct cgroup_dir *dir, const char *enable, struct error *err);

/* v1: fill empty cpuset.cpus and cpuset.mems of DIR, which exists, from the cgroups above it. */
int cgroup_fill_cpuset(const struct cgroup_dir *dir, struct error *err);
