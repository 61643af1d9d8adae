// SPDX-License-Identifier: LGPL-2.1-or-later
/* CPU and memory node lists ("0-3,8") as bit masks. */
#pragma once

#include "plan/plan.h"

enum { CPU_MAX = 65535, MEMORY_NODE_MAX = 1023 };

/* LIST, whose numbers go up to HIGHEST, as a mask of bytes (bit N is element N) in the planner's blob; FIELD is named in the
 * error. */
struct op_bytes plan_number_list(struct planner *planner, const char *list, long highest, const char *field);
/* The same without a mask, for a list that is used later. */
void plan_number_list_check(struct planner *planner, const char *list, long highest, const char *field);
