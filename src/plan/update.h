// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Planning a change of the resources of a container that exists. The same conversions as for a launch, but here the
 * cgroups are not fresh: what is in force already decides in which order the kernel takes new values, and completes what
 * a partial document leaves out (swap without a memory limit, a period without its quota). Pure: what is in force
 * comes in as facts, what is to be done goes out as rows, each with how it is taken back.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "host/cgroup_dir.h"
#include "host/host.h"
#include "plan/resources.h"

/* What is in force, as far as a change depends on it. Unset: not known; -1: no limit. */
struct update_facts {
    struct opt_i64 memory_limit;
    struct opt_i64 memory_swap; /* v1: memory and swap together; v2: swap alone */
    struct opt_i64 memory_usage, swap_usage;
    struct opt_i64 cpu_quota, cpu_period, cpu_burst; /* microseconds */
    struct opt_i64 cpu_idle, cpu_weight;             /* v1: cpu.shares; what an idle group shows is no weight */
    const char *devices;                             /* v1: the text of devices.list, or NULL */
};

struct update_input {
    const struct spec_resources *resources; /* what is absent stays as it is */
    const struct host *host;
    const struct cgroup_dir *cgroups;
    size_t n_cgroups;
    const struct update_facts *facts;
    bool unit, of_user;   /* systemd keeps the cgroups: the same as properties, to the user's own one */
    uint64_t kept_weight; /* by an earlier update, see plan/idle.h; 0: none */
    const struct spec_resources *made_with; /* what the container was made with, or NULL */
};

struct update_row {
    size_t hierarchy;
    struct resource_row write;
    struct resource_row *undo; /* what takes it back; none: the file's text before, see update_undo_value */
    size_t n_undo;
};

struct update_plan {
    const char **enable; /* by hierarchy; v2: controllers that the rows need */
    struct update_row *rows;
    size_t n_rows;
    bool freeze;           /* the device rules pass through states that are neither the old ones nor the new ones */
    int program_hierarchy; /* where the device program is replaced, -1: nowhere */
    const void *program;   /* NULL: everything is allowed, no program is needed */
    size_t program_size;
    const char **properties; /* of the unit, see plan/unit_properties.h */
    size_t n_properties;
    uint64_t keep_weight; /* for the end of idleness; 0: nothing to keep */
    const char **warnings;
    size_t n_warnings;
};

/* Everything of RET_PLAN lives in ARENA. */
int plan_update(const struct update_input *input, struct arena *arena, struct update_plan *ret_plan, struct error *err);

/* What to write to FILE so that what VALUE has set there becomes again what it was when the file read OLD: all of OLD,
 * or of a file with a line for each device its line; a device without one had the default. NULL without memory. */
const char *update_undo_value(const char *file, const char *value, const char *old, struct arena *arena);
