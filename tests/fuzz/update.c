// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * resources.json of `update`, NUL, host.json, NUL, and the text of a file of which a line is to be given back. The files of
 * a change lie in the container's own cgroups, their values fit in a line, and each change can be undone or has a file to read.
 */
#include "fuzz.h"
#include "plan/update.h"

static void check_row(const struct update_input *input, const struct resource_row *row, size_t hierarchy)
{
    assert(hierarchy < input->n_cgroups);
    assert(row->file && row->value && row->file[0] && !strchr(row->file, '/'));
}

static void check_plan(const struct update_input *input, const struct update_plan *plan)
{
    for (size_t i = 0; i < plan->n_rows; i++) {
        check_row(input, &plan->rows[i].write, plan->rows[i].hierarchy);
        for (size_t n = 0; n < plan->rows[i].n_undo; n++)
            check_row(input, &plan->rows[i].undo[n], plan->rows[i].hierarchy);
    }
    assert(plan->program_hierarchy < (int) input->n_cgroups);
}

static void plan_change(const struct spec_resources *resources, const struct host *host,
                        const struct update_facts *facts, struct arena *arena)
{
    struct cgroup_dir *dirs = arena_new(arena, struct cgroup_dir, host->cgroup.n_hierarchies + 1);
    const struct update_input input = { resources, host, dirs, host->cgroup.n_hierarchies, facts };
    struct update_plan plan = { 0 };
    struct error err = { 0 };

    for (size_t i = 0; i < input.n_cgroups; i++) {
        const struct cgroup_hierarchy *hierarchy = &host->cgroup.hierarchies[i];

        dirs[i] = (struct cgroup_dir){ hierarchy->mount_point, "/fuzz", hierarchy->v2, hierarchy->controllers };
    }
    if (plan_update(&input, arena, &plan, &err) < 0)
        check_raw_error(&err);
    else
        check_plan(&input, &plan);
}

static void undo(const char *old, struct arena *arena)
{
    update_undo_value("io.max", "8:0 rbps=1", old, arena);
    update_undo_value("memory.max", "1", old, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct update_facts unknown = { 0 },
                              limited = { .memory_limit = { true, 1 << 20 }, .memory_swap = { true, 2 << 20 },
                                          .memory_usage = { true, 4096 }, .cpu_quota = { true, -1 },
                                          .cpu_period = { true, 100000 }, .devices = "c 1:3 rwm\n" };
    char *text = fuzz_text(data, size);
    const char *rest = text, *resources = fuzz_piece(&rest, &size), *facts = fuzz_piece(&rest, &size);
    const struct document document = { "resources.json", (char *) resources, strlen(resources) };
    struct arena arena = fuzz_arena();
    const struct spec_resources *change;
    struct host host = { 0 };
    struct error err = { 0 };

    if (spec_load_resources(&document, &arena, &change, &err) < 0) {
        check_error(&err);
    } else if (host_load(&host, facts, &arena, &err) == 0) {
        plan_change(change, &host, &unknown, &arena);
        plan_change(change, &host, &limited, &arena);
    }
    undo(fuzz_piece(&rest, &size), &arena);
    arena_done(&arena);
    free(text);
    return 0;
}
