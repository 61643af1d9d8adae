// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Mounts at and below /proc, where a wrong one would take what the runtime and the container believe to say to the
 * kernel: labels, sysctl, setgroups (CVE-2019-16884, CVE-2019-19921 and their successors). Here by the spelling of the
 * destination; crun-init looks again at what was really found there.
 */
#pragma once

#include "plan/plan.h"

enum proc_place {
    PROC_OUTSIDE,
    PROC_ITSELF,
    PROC_COVERABLE, /* a file that shows the machine and takes no orders: lxcfs has its own of these */
    PROC_INSIDE,
};

/* PATH, absolute, without empty components, "." and "..", by its spelling alone. */
const char *plan_clean_path(struct planner *planner, const char *path);

/* Of a CLEAN path. */
enum proc_place proc_place(const char *path);
