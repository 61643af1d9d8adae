// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Telling the process we once started from another that got its number: the start time (clock ticks since boot) is
 * part of its identity.
 */
#pragma once

#include <stdbool.h>

#include "state/state.h"

/* 0 when there is none, or it cannot be told. */
pid_t process_parent(pid_t pid);

/* Whether the container's first process is there, neither gone nor a zombie nor another one with its pid. */
bool process_is_alive(const struct state *state);

/* Whether it is gone, or on its way: then an ordinary user may look at it no more, nor enter its namespaces (EACCES, EPERM). */
bool process_is_ending(const struct state *state);

/* The same, and whether it has the name of a crun-init that waits for the start: until its exec nobody else can give it
 * another one, and it takes that name just before. */
bool process_is_there(const struct state *state, bool *ret_waiting);
