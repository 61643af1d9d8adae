// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Telling the process we once started from another that got its number: the start time (clock ticks since boot) is
 * part of its identity.
 */
#pragma once

#include <stdbool.h>

#include "state/state.h"

/* Whether the container's first process is there, neither gone nor a zombie nor another one with its pid. */
bool process_is_alive(const struct state *state);
