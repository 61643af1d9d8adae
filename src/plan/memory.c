// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * linux.resources.memory. The specification counts swap as v1 does: memory plus swap together; v2 limits swap alone.
 * 0 means "not set" for every limit here, as engines that cannot leave a number out send it, except that a v2 swap
 * limit may come out as 0. Negative is "no limit".
 *
 * In a fresh v1 cgroup the limit goes before the one of memory and swap, for that one may not be the smaller.
 */
#include "plan/resources.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "plan/ops.h"

#define FIELD(name) "linux.resources.memory." name

static bool asked(struct opt_i64 value)
{
    return value.set && value.value != 0;
}

/* The swap limit makes sense only on top of a memory limit; unlimited swap always does. */
static bool swap_valid(struct resource_rows *rows, const struct spec_memory *memory)
{
    int64_t limit = asked(memory->limit) ? memory->limit.value : -1;

    if (!asked(memory->swap) || memory->swap.value < 0)
        return true;
    if (limit < 0)
        resource_fail(rows, FIELD("swap"), "%" PRId64 " counts memory and swap together, so it needs " FIELD("limit"),
                      memory->swap.value);
    else if (memory->swap.value < limit)
        resource_fail(rows, FIELD("swap"),
                      "%" PRId64 " counts memory and swap together and is below " FIELD("limit") " %" PRId64,
                      memory->swap.value, limit);
    return !rows->failed;
}

/* Since Linux 5.11 v1 has no other way either. */
static void warn_of_hierarchy(struct resource_rows *rows, const struct spec_memory *memory)
{
    if (memory->use_hierarchy.set && !memory->use_hierarchy.value)
        resource_warn(rows, FIELD("useHierarchy"), "ignored, every cgroup counts the memory of those below it");
}

void memory_rows_v1(struct resource_rows *rows, const struct spec_resources *resources)
{
    const struct spec_memory *memory = resources->memory;

    if (!memory || !swap_valid(rows, memory))
        return;
    if (asked(memory->limit))
        resource_limit(rows, FIELD("limit"), "memory.limit_in_bytes", memory->limit.value, "-1");
    if (asked(memory->swap))
        resource_limit(rows, FIELD("swap"), "memory.memsw.limit_in_bytes", memory->swap.value, "-1");
    if (asked(memory->reservation))
        resource_limit(rows, FIELD("reservation"), "memory.soft_limit_in_bytes", memory->reservation.value, "-1");
    /* Limits of kernel memory are deprecated; kernels since 5.16 refuse them, and they are then passed over. */
    if (asked(memory->kernel))
        resource_row(rows, FIELD("kernel"), "memory.kmem.limit_in_bytes", CGROUP_WRITE_OPTIONAL, "%" PRId64,
                     memory->kernel.value);
    if (asked(memory->kernel_tcp))
        resource_row(rows, FIELD("kernelTCP"), "memory.kmem.tcp.limit_in_bytes", CGROUP_WRITE_OPTIONAL, "%" PRId64,
                     memory->kernel_tcp.value);
    if (memory->swappiness.set)
        resource_row(rows, FIELD("swappiness"), "memory.swappiness", 0, "%" PRIu64, memory->swappiness.value);
    if (memory->disable_oom_killer.set && memory->disable_oom_killer.value)
        resource_row(rows, FIELD("disableOOMKiller"), "memory.oom_control", 0, "1");
    warn_of_hierarchy(rows, memory);
}

/* Where the kernel does not account swap there is no file; no limit and no swap need none. */
static void swap_row_v2(struct resource_rows *rows, const struct spec_memory *memory)
{
    int64_t swap = memory->swap.value;

    if (!asked(memory->swap))
        return;
    if (swap < 0)
        resource_row(rows, FIELD("swap"), "memory.swap.max", CGROUP_WRITE_OPTIONAL, "max");
    else
        resource_row(rows, FIELD("swap"), "memory.swap.max", swap == memory->limit.value ? CGROUP_WRITE_OPTIONAL : 0,
                     "%" PRId64, swap - memory->limit.value);
}

/* What v1 had and v2 has not: ignored where the kernel itself has given it up, refused where it would be missed. */
static void leftovers_v2(struct resource_rows *rows, const struct spec_memory *memory)
{
    if (asked(memory->kernel))
        resource_warn(rows, FIELD("kernel"), "ignored, cgroup v2 has no limit of kernel memory");
    if (asked(memory->kernel_tcp))
        resource_warn(rows, FIELD("kernelTCP"), "ignored, cgroup v2 has no limit of TCP memory");
    if (memory->swappiness.set)
        resource_no_counterpart(rows, FIELD("swappiness"), "memory", "v2");
    if (memory->disable_oom_killer.set && memory->disable_oom_killer.value)
        resource_no_counterpart(rows, FIELD("disableOOMKiller"), "memory", "v2");
    warn_of_hierarchy(rows, memory);
}

void memory_rows_v2(struct resource_rows *rows, const struct spec_resources *resources)
{
    const struct spec_memory *memory = resources->memory;

    if (!memory || !swap_valid(rows, memory))
        return;
    if (asked(memory->limit))
        resource_limit(rows, FIELD("limit"), "memory.max", memory->limit.value, "max");
    swap_row_v2(rows, memory);
    if (asked(memory->reservation))
        resource_limit(rows, FIELD("reservation"), "memory.low", memory->reservation.value, "max");
    leftovers_v2(rows, memory);
}

/* A memory.max or memory.high of `unified`, as far as it is a plain number. */
static int64_t unified_limit(const struct string_pair *pair)
{
    char *end;
    long long value;

    if (strcmp(pair->key, "memory.max") != 0 && strcmp(pair->key, "memory.high") != 0)
        return INT64_MAX;
    value = strtoll(pair->value, &end, 10);
    return end == pair->value || *end != '\0' || value < 0 ? INT64_MAX : value;
}

int64_t memory_limit(const struct spec_resources *resources)
{
    const struct spec_memory *memory = resources ? resources->memory : NULL;
    int64_t limit = INT64_MAX;

    if (memory && asked(memory->limit) && memory->limit.value > 0)
        limit = memory->limit.value;
    for (size_t i = 0; resources && i < resources->n_unified; i++)
        if (unified_limit(&resources->unified[i]) < limit)
            limit = unified_limit(&resources->unified[i]);
    return limit;
}
