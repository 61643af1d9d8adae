// SPDX-License-Identifier: LGPL-2.1-or-later
/* CPU and memory node lists ("0-3,8") as bit masks. */
#pragma once

#include "plan/plan.h"

/* LIST as a mask of bytes (bit N is element N) in the planner's blob; FIELD is named in the error. */
struct op_bytes plan_number_list(struct planner *planner, const char *list, const char *field);
