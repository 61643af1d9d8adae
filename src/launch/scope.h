// SPDX-License-Identifier: LGPL-2.1-or-later
/* The rows by which systemd makes the container's cgroups. Part of launch/rows.c. */
#pragma once

#include "launch/launch.h"

int launch_scope_start(struct launch *launch, const struct op_scope_start *row, struct error *err);
int launch_scope_set(struct launch *launch, const struct op_scope_set *row, struct error *err);
int launch_scope_attach(struct launch *launch, const struct op_scope_attach *row, struct error *err);
int launch_scope_release(struct launch *launch, struct error *err);
/* The reverse of launch_scope_start; what is left of it is in the log. */
void launch_scope_undo(struct launch *launch, const struct op_scope_start *row);

/* A list of the blob as pointers, malloc'd: the parent's blob stays as it is, for it may be sent again. */
char **launch_list(const struct launch *launch, struct op_list list);
