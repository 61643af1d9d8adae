// SPDX-License-Identifier: LGPL-2.1-or-later
/* Rows of the parent's side that have a file of their own beside launch/rows.c. Each function is one row: 0, or a
 * negative errno with its error set. */
#pragma once

#include "launch/launch.h"

/* What the plan's blob has at REF: NULL for none. */
static inline const char *text(const struct launch *launch, op_str ref)
{
    return blob_str(launch->plan->blob, ref);
}

/* A list of the blob as pointers, malloc'd: the parent's blob stays as it is, for it may be sent again. */
char **launch_list(const struct launch *launch, struct op_list list);

/* Our own namespace NAME (net, time), as a descriptor to come back with. */
int launch_own_namespace(const char *name, int *ret_fd, struct error *err);

/* ---- cgroup_rows.c ---- */

const struct cgroup_dir *launch_cgroup_dir(const struct launch *launch, int64_t hierarchy);
int launch_cgroup_make(struct launch *launch, const struct op_cgroup_make *row, struct error *err);
int launch_cgroup_write(struct launch *launch, const struct op_cgroup_write *row, struct error *err);
int launch_cgroup_devices(struct launch *launch, const struct op_cgroup_devices *row, struct error *err);
int launch_cgroup_find(struct launch *launch, const struct op_cgroup_find *row, struct error *err);
int launch_cgroup_leave(struct launch *launch, const struct op_cgroup_leave *row, struct error *err);
int launch_cgroup_delegate(struct launch *launch, const struct op_cgroup_delegate *row, struct error *err);
int launch_cgroup_join(struct launch *launch, uint64_t mask, struct error *err);

/* ---- scope.c: systemd makes the cgroups ---- */

int launch_scope_start(struct launch *launch, const struct op_scope_start *row, struct error *err);
int launch_scope_set(struct launch *launch, const struct op_scope_set *row, struct error *err);
int launch_scope_attach(struct launch *launch, const struct op_scope_attach *row, struct error *err);
int launch_scope_release(struct launch *launch, struct error *err);
/* The reverse of launch_scope_start; what is left of it is in the log. */
void launch_scope_undo(struct launch *launch, const struct op_scope_start *row);

/* ---- time.c ---- */

int launch_time(struct launch *launch, const struct op_time *row, struct error *err);
/* Home again from the time namespace of the container; nothing if we are there. */
int launch_time_back(struct launch *launch, struct error *err);
