// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where one cgroup of a container is: planned, made, remembered and removed by that. */
#pragma once

#include <stdbool.h>

struct cgroup_dir {
    const char *mount; /* mount point of the hierarchy */
    const char *path;  /* below it, begins with "/" */
    bool v2;
    const char
        *controllers;  /* comma list; v1: as mounted; v2: what the host offers there, not what is enabled; or NULL */
    const char *above; /* while it is being made: how much of the path was there before, where that is not all above the
                        * last component; or NULL */
};
