// SPDX-License-Identifier: LGPL-2.1-or-later
/* The directories above a container's cgroup, for those who make and remove it. */
#pragma once

#include "cgroup/dir.h"

/* PATH is a directory above a container's cgroup, and we have just made it. Where nothing keeps marks, it stays. */
void parents_mark(const char *path);

/* Remove, from the bottom up, the directories above PATH (the cgroup DIR, gone already) that we made and nobody uses.
 * PATH is cut off. */
void parents_remove(const struct cgroup_dir *dir, char *path);
