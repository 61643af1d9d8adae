// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "plan/plan.h"

/* Whether an agent is to get its listener. */
bool plan_filter_has_listener(const struct planner *planner);

/* Whether the seccomp filter of an exec lets crun-init do, from its installation on, all that is left to be done. */
bool plan_filter_may_be_early(struct planner *planner);
