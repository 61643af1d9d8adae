// SPDX-License-Identifier: LGPL-2.1-or-later
/* Names of capabilities and the sets of config.json as bit masks. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "plan/plan.h"

/* "CAP_CHOWN", ... by number; NULL-terminated. */
extern const char *const capability_names[];

/* The number of NAME (with or without "CAP_", any case), -1 when there is none. */
int capability_number(const char *name);

/* The five sets, bit N for capability N. */
struct capability_sets {
    uint64_t bounding, effective, permitted, inheritable, ambient;
};

/* Unknown names: an error as crun, a warning as runc. Those the kernel does not have: a warning, left out. An ambient
 * one that is not also permitted and inheritable: a warning, left out. */
struct capability_sets capability_sets_decide(struct planner *planner, const struct spec_capabilities *capabilities);
