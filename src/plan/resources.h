// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * linux.resources as (file, value) rows for cgroup v1 and v2. Pure, and apart from the planner, because `update`
 * converts the same way without a launch. A converter writes the rows of one controller in one version; what a
 * version has no counterpart for is an error that names the field. Rows are in the order in which the kernel takes
 * them in a fresh cgroup.
 *
 * The list is sticky: after the first problem appends do nothing, and the caller looks at `failed` once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "spec/spec.h"

struct resource_row {
    const char *field; /* "linux.resources.memory.limit" */
    const char *file;  /* "memory.max" */
    const char *value;
    unsigned flags; /* enum cgroup_write_flags */
};

struct resource_rows {
    struct arena *arena;
    struct error *err;
    struct resource_row *rows;
    size_t n, capacity;
    const char **warnings;
    size_t n_warnings;
    bool failed;
};

typedef void resource_converter(struct resource_rows *rows, const struct spec_resources *resources);

/* A controller under its names in the two versions; NULL: that version has none, and no converter for it. */
struct resource_controller {
    const char *v1, *v2;
    resource_converter *rows_v1, *rows_v2;
};

enum resource_controller_index {
    RESOURCE_MEMORY,
    RESOURCE_CPUSET,
    RESOURCE_CPU,
    RESOURCE_PIDS,
    RESOURCE_IO,
    RESOURCE_HUGETLB,
    RESOURCE_RDMA,
    RESOURCE_NET_CLS,
    RESOURCE_NET_PRIO,
    N_RESOURCE_CONTROLLERS,
};
extern const struct resource_controller resource_controllers[N_RESOURCE_CONTROLLERS];

/* linux.resources.unified, to be written after everything else: v2 only. */
resource_converter resource_rows_unified;

/* Append one row; VALUE is printf. */
void resource_row(struct resource_rows *rows, const char *field, const char *file, unsigned flags, const char *value,
                  ...) _printf_(5, 6);

/* The same with VALUE as a number, where a negative one is spelled UNLIMITED ("max", "-1"). */
void resource_limit(struct resource_rows *rows, const char *field, const char *file, int64_t value,
                    const char *unlimited);

void resource_fail(struct resource_rows *rows, const char *field, const char *format, ...) _printf_(3, 4);
void resource_warn(struct resource_rows *rows, const char *field, const char *text);

/* FIELD cannot be expressed in the version at hand, for CONTROLLER. */
void resource_no_counterpart(struct resource_rows *rows, const char *field, const char *controller,
                             const char *version);

/* A text in the list's arena, never NULL ("" after a failure). */
const char *resource_text(struct resource_rows *rows, const char *format, ...) _printf_(2, 3);

/* The converters, one file a noun. */
resource_converter memory_rows_v1, memory_rows_v2, cpu_rows_v1, cpu_rows_v2, cpuset_rows, block_io_rows_v1,
    block_io_rows_v2;

/* Below this the process may be killed before it executes its program. */
#define SMALL_MEMORY ((int64_t) 16 << 20)

/* memory.limit in bytes that the container will have, from whatever field sets it; INT64_MAX if there is none. */
int64_t memory_limit(const struct spec_resources *resources);

/* cpu.shares (2 to 262144) as cpu.weight (1 to 10000). */
uint64_t cpu_weight(uint64_t shares);
