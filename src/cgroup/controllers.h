// SPDX-License-Identifier: LGPL-2.1-or-later
/* Controllers for a cgroup that is about to be used; part of cgroup/make.c. */
#pragma once

#include "cgroup/cgroup.h"

/* v1: fill empty cpuset.cpus and cpuset.mems of DIR, which exists, from the cgroups above it. */
int cgroup_fill_cpuset(const struct cgroup_dir *dir, struct error *err);
