// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <stdbool.h>

#include "spec/spec.h"

/* What a clone does not hand on: SCHED_DEADLINE, and whatever has SCHED_FLAG_RESET_ON_FORK. SCHEDULER may be NULL. */
bool scheduler_is_not_inherited(const struct spec_scheduler *scheduler);
