// SPDX-License-Identifier: LGPL-2.1-or-later
/* The limits that are in force in a container's cgroups, read for a change of them. */
#pragma once

#include "container/context.h"
#include "plan/update.h"

/* The container's cgroup in the hierarchy of controller NAME; NULL if it has none there. */
const struct cgroup_dir *container_controller(const struct container *container, const char *name, bool v2);

/* What cannot be read stays unset. Texts live in the container's arena. */
void container_limits(struct container *container, struct update_facts *ret);
