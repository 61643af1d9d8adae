// SPDX-License-Identifier: LGPL-2.1-or-later
/* File systems that a user namespace may not be given, and what of the host is shown in their place. */
#pragma once

#include "plan/plan.h"

struct stand_in {
    const char *type;
    unsigned namespace;  /* CLONE_NEW*: the one that a new mount shows; only its own user namespace may mount it */
    const char *source;  /* of the host, bound with all that is mounted below */
    uint64_t attributes; /* MOUNT_ATTR_* that it gets in any case */
    const char *why;
};

/* The row for a file system TYPE (may be NULL) if a new one may be, or is sure to be, refused here; else NULL. */
const struct stand_in *stand_in_for(const struct planner *planner, const char *type);

/* A new one is sure to be refused: the namespace is the host's. */
bool stand_in_is_certain(const struct planner *planner, const struct stand_in *stand_in);
