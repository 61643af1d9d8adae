// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * update: a document and options become one linux.resources, the planner turns it into rows, and the rows are written
 * one after the other. Before each write the file's text is kept, so that a failure takes everything back, last
 * first. A paused container stays paused; a running one stands still only where its device rules cannot be
 * changed in one step.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "base/fd.h"
#include "cgroup/cgroup.h"
#include "cgroup/systemd.h"
#include "container/limits.h"
#include "spec/load.h"

/* ---- options over the document ---- */

/* What a number may be: as the fields of linux.resources that the options stand for. */
enum number_kind { NUMBER_LIMIT, NUMBER_PIDS, NUMBER_SWITCH, NUMBER_COUNT, NUMBER_WEIGHT };

/* clang-format off */
static const struct {
    int64_t minimum, maximum;
    bool or_zero;
    const char *range;
} number_kinds[] = {
    [NUMBER_LIMIT] =  { -1,               INT64_MAX,        false, "from 0 on, or -1 for no limit" },
    [NUMBER_PIDS] =   { INT64_MIN,        INT64_MAX,        false, "" },
    [NUMBER_SWITCH] = { 0,                1,                false, "from 0 to 1" },
    [NUMBER_COUNT] =  { 0,                INT64_MAX,        false, "from 0 on" },
    [NUMBER_WEIGHT] = { BLOCK_WEIGHT_MIN, BLOCK_WEIGHT_MAX, true,  "from 10 to 1000, or 0" },
};
/* clang-format on */

struct knob {
    const char *option;
    enum number_kind kind;
    size_t from, to; /* in the options; in the structure that the table is for */
};

#define FROM(name)   offsetof(struct crun_update_options, name)
#define MEMORY(name) offsetof(struct spec_memory, name)
#define CPU(name)    offsetof(struct spec_cpu, name)

static const struct knob memory_knobs[] = {
    {"--memory",              NUMBER_LIMIT, FROM(memory),             MEMORY(limit)      },
    { "--memory-reservation", NUMBER_LIMIT, FROM(memory_reservation), MEMORY(reservation)},
    { "--memory-swap",        NUMBER_LIMIT, FROM(memory_swap),        MEMORY(swap)       },
    { "--kernel-memory",      NUMBER_LIMIT, FROM(kernel_memory),      MEMORY(kernel)     },
    { "--kernel-memory-tcp",  NUMBER_LIMIT, FROM(kernel_memory_tcp),  MEMORY(kernel_tcp) },
};

static const struct knob cpu_knobs[] = {
    {"--cpu-share",       NUMBER_COUNT,  FROM(cpu_shares),     CPU(shares)          },
    { "--cpu-quota",      NUMBER_LIMIT,  FROM(cpu_quota),      CPU(quota)           },
    { "--cpu-period",     NUMBER_COUNT,  FROM(cpu_period),     CPU(period)          },
    { "--cpu-burst",      NUMBER_COUNT,  FROM(cpu_burst),      CPU(burst)           },
    { "--cpu-idle",       NUMBER_SWITCH, FROM(cpu_idle),       CPU(idle)            },
    { "--cpu-rt-period",  NUMBER_COUNT,  FROM(cpu_rt_period),  CPU(realtime_period) },
    { "--cpu-rt-runtime", NUMBER_LIMIT,  FROM(cpu_rt_runtime), CPU(realtime_runtime)},
};

static const struct knob block_io_knobs[] = {
    {"--blkio-weight", NUMBER_WEIGHT, FROM(blkio_weight), offsetof(struct spec_block_io, weight)},
};

static const struct knob resources_knobs[] = {
    {"--pids-limit", NUMBER_PIDS, FROM(pids_limit), offsetof(struct spec_resources, pids_limit)},
};

static bool in_range(enum number_kind kind, int64_t value)
{
    return (value == 0 && number_kinds[kind].or_zero) ||
           (value >= number_kinds[kind].minimum && value <= number_kinds[kind].maximum);
}

static int set_number(const struct knob *knob, int64_t value, void *to, struct error *err)
{
    if (!in_range(knob->kind, value))
        return error_set(err, -EINVAL, "%s: expected a number %s, found %" PRId64, knob->option,
                         number_kinds[knob->kind].range, value);
    switch (knob->kind) {
    case NUMBER_LIMIT:
    case NUMBER_PIDS:
    case NUMBER_SWITCH:
        *(struct opt_i64 *) to = (struct opt_i64){ true, value };
        break;
    case NUMBER_COUNT:
        *(struct opt_u64 *) to = (struct opt_u64){ true, (uint64_t) value };
        break;
    case NUMBER_WEIGHT:
        *(struct opt_u32 *) to = (struct opt_u32){ true, (uint32_t) value };
        break;
    }
    return 0;
}

static int set_numbers(const struct crun_update_options *options, const struct knob *knobs, size_t n, void *to,
                       struct error *err)
{
    int r = 0;

    for (size_t i = 0; r >= 0 && i < n; i++) {
        const struct crun_number *number = (const void *) ((const char *) options + knobs[i].from);

        if (number->set)
            r = set_number(&knobs[i], number->value, (char *) to + knobs[i].to, err);
    }
    return r;
}

#define SET_NUMBERS(options, knobs, to, err) set_numbers(options, knobs, sizeof(knobs) / sizeof((knobs)[0]), to, err)

struct wishes {
    struct spec_resources resources;
    struct spec_memory memory;
    struct spec_cpu cpu;
    struct spec_block_io block_io;
};

/* The document's objects, copied, so that options can be put over them. */
static void copy_objects(struct wishes *w)
{
    struct spec_resources *resources = &w->resources;

    if (resources->memory)
        w->memory = *resources->memory;
    if (resources->cpu)
        w->cpu = *resources->cpu;
    if (resources->block_io)
        w->block_io = *resources->block_io;
    resources->memory = &w->memory;
    resources->cpu = &w->cpu;
    resources->block_io = &w->block_io;
}

static int apply_options(const struct crun_update_options *options, struct wishes *w, struct error *err)
{
    int r = SET_NUMBERS(options, memory_knobs, &w->memory, err);

    if (r >= 0)
        r = SET_NUMBERS(options, cpu_knobs, &w->cpu, err);
    if (r >= 0)
        r = SET_NUMBERS(options, block_io_knobs, &w->block_io, err);
    if (r >= 0)
        r = SET_NUMBERS(options, resources_knobs, &w->resources, err);
    if (options->cpuset_cpus)
        w->cpu.cpus = options->cpuset_cpus;
    if (options->cpuset_mems)
        w->cpu.mems = options->cpuset_mems;
    return r;
}

static int load_document(struct crun_context *context, const char *name, struct arena *arena, struct wishes *w,
                         struct error *err)
{
    _cleanup_(document_done) struct document document = { 0 };
    const struct spec_resources *resources;
    int r = context_read(context, &document, AT_FDCWD, name, err);

    if (r >= 0)
        r = spec_load_resources(&document, arena, &resources, err);
    if (r >= 0)
        w->resources = *resources;
    return r;
}

static int gather_wishes(struct crun_context *context, const struct crun_update_options *options, struct arena *arena,
                         struct wishes *w, struct error *err)
{
    int r = options->resources ? load_document(context, options->resources, arena, w, err) : 0;

    if (r < 0)
        return r;
    copy_objects(w);
    return apply_options(options, w, err);
}

/* ---- writing, and taking back ---- */

struct change {
    struct container *container;
    const struct update_plan *plan;
    const char **before; /* of each row: the value that takes it back, NULL: not written, or not by its file */
    bool *written;
    bool program_replaced;
    int program_fd; /* the device program before, -1: none */
};

static void change_done(struct change *change)
{
    fd_close(&change->program_fd);
}

static const struct cgroup_dir *row_cgroup(const struct change *change, size_t i)
{
    return &change->container->state.cgroups[change->plan->rows[i].hierarchy];
}

static void remember(struct change *change, size_t i)
{
    const struct resource_row *row = &change->plan->rows[i].write;
    _cleanup_free_ char *text = NULL;

    if (change->plan->rows[i].n_undo == 0 && cgroup_read(row_cgroup(change, i), row->file, &text) >= 0)
        change->before[i] = update_undo_value(row->file, row->value, text, &change->container->arena);
}

static void take_back(const struct change *change, size_t i)
{
    const struct update_row *row = &change->plan->rows[i];

    if (change->before[i])
        cgroup_write(row_cgroup(change, i), row->write.file, change->before[i], NULL);
    for (size_t k = 0; k < row->n_undo; k++)
        cgroup_write(row_cgroup(change, i), row->undo[k].file, row->undo[k].value, NULL);
}

static const struct cgroup_dir *program_cgroup(const struct change *change)
{
    return &change->container->state.cgroups[change->plan->program_hierarchy];
}

static void take_all_back(const struct change *change, size_t n)
{
    if (change->program_replaced)
        cgroup_restore_devices(program_cgroup(change), change->program_fd, NULL);
    while (n-- > 0)
        if (change->written[n])
            take_back(change, n);
}

/* 1: written; 0: passed over. */
static int write_row(struct change *change, size_t i, struct error *err)
{
    const struct resource_row *row = &change->plan->rows[i].write;
    int r;

    remember(change, i);
    r = cgroup_write(row_cgroup(change, i), row->file, row->value, err);
    if (r >= 0)
        return 1;
    if (r == -ENOENT && (row->flags & CGROUP_WRITE_OR_NEXT))
        return 0;
    if ((r == -ENOENT || r == -EOPNOTSUPP) && (row->flags & CGROUP_WRITE_OPTIONAL))
        return 0;
    return error_prefix(err, "%s", row->field);
}

static int write_rows(struct change *change, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < change->plan->n_rows; i++) {
        r = write_row(change, i, err);
        if (r < 0) {
            take_all_back(change, i);
            return r;
        }
        change->written[i] = r > 0;
        if (r > 0 && (change->plan->rows[i].write.flags & CGROUP_WRITE_OR_NEXT))
            i++; /* the next row is the substitute */
    }
    return 0;
}

/* The program comes after the files: it is one step that succeeds or changes nothing. */
static int replace_program(struct change *change, struct error *err)
{
    const struct update_plan *plan = change->plan;
    int r;

    if (plan->program_hierarchy < 0)
        return 0;
    r = cgroup_replace_devices(program_cgroup(change), plan->program, plan->program_size, &change->program_fd, err);
    if (r < 0)
        take_all_back(change, plan->n_rows);
    change->program_replaced = r >= 0;
    return r < 0 ? error_prefix(err, "linux.resources.devices") : 0;
}

/* systemd hears of what is in force, so that it leaves it so; until then it has changed nothing. */
static int set_properties(const struct change *change, struct error *err)
{
    const struct update_plan *plan = change->plan;
    struct systemd systemd = { .fd = -1 };
    int r = plan->n_properties ? systemd_open(&systemd, host_has_own_manager(), err) : 0;

    if (plan->n_properties && r >= 0)
        r = systemd_set(&systemd, change->container->state.scope, plan->properties, plan->n_properties, err);
    systemd_close(&systemd);
    if (r < 0)
        take_all_back(change, plan->n_rows);
    return r;
}

static int enable_controllers(const struct change *change, struct error *err)
{
    const struct state *state = &change->container->state;
    int r = 0;

    for (size_t i = 0; r >= 0 && i < state->n_cgroups; i++)
        if (state->cgroups[i].v2 && change->plan->enable[i][0])
            r = cgroup_enable(&state->cgroups[i], change->plan->enable[i], err);
    return r;
}

static int write_plan(struct container *container, const struct update_plan *plan, struct error *err)
{
    _cleanup_(change_done) struct change change = { .container = container,
                                                    .plan = plan,
                                                    .before =
                                                        arena_new(&container->arena, const char *, plan->n_rows + 1),
                                                    .written = arena_new(&container->arena, bool, plan->n_rows + 1),
                                                    .program_fd = -1 };
    const struct cgroup_dir *freezer = container_cgroup(container);
    bool freeze = plan->freeze && container_status(container) != STATE_PAUSED;
    int r;

    if (!change.before || !change.written)
        return error_errno(err, -ENOMEM, "update");
    r = enable_controllers(&change, err);
    if (r >= 0 && freeze)
        r = cgroup_freeze(freezer, true, err);
    if (r < 0)
        return r;
    r = write_rows(&change, err);
    if (r >= 0)
        r = replace_program(&change, err);
    if (r >= 0)
        r = set_properties(&change, err);
    if (freeze)
        cgroup_freeze(freezer, false, NULL);
    return r;
}

/* ---- the verb ---- */

/* ---- resctrl ---- */

struct schemata {
    char path[4096];
    char *before; /* malloc'd; NULL: nothing was written */
};

static void schemata_done(struct schemata *schemata)
{
    free(schemata->before);
}

static int write_schema(const struct schemata *schemata, const char *option, const char *prefix, const char *schema,
                        struct error *err)
{
    char line[4096];
    int r;

    if (!schema)
        return 0;
    snprintf(line, sizeof line, "%s%s\n", strncmp(schema, prefix, strlen(prefix)) == 0 ? "" : prefix, schema);
    r = file_write(AT_FDCWD, schemata->path, line);
    return r < 0 ? error_errno(err, r, "%s: write \"%s\" to \"%s\"", option, schema, schemata->path) : 0;
}

static void restore_schemata(const struct schemata *schemata)
{
    if (schemata->before)
        file_write(AT_FDCWD, schemata->path, schemata->before);
}

/* A schema belongs to a resctrl group, which linux.intelRdt has made. */
static int write_schemata(const struct crun_update_options *options, const struct state *state,
                          struct schemata *schemata, struct error *err)
{
    const char *option = options->l3_cache_schema ? "--l3-cache-schema" : "--mem-bw-schema";
    int r;

    if (!options->l3_cache_schema && !options->mem_bw_schema)
        return 0;
    if (!state->rdt_class)
        return error_set(err, -ENOTSUP, "%s: container \"%s\" has no resctrl group of its own (linux.intelRdt)", option,
                         state->id);
    snprintf(schemata->path, sizeof schemata->path, "%s/schemata", state->rdt_class);
    r = file_read(AT_FDCWD, schemata->path, 65536, &schemata->before, NULL);
    if (r < 0)
        return error_errno(err, r, "%s: read \"%s\"", option, schemata->path);
    r = write_schema(schemata, "--l3-cache-schema", "L3:", options->l3_cache_schema, err);
    if (r >= 0)
        r = write_schema(schemata, "--mem-bw-schema", "MB:", options->mem_bw_schema, err);
    if (r < 0)
        restore_schemata(schemata);
    return r;
}

/* ---- the plan ---- */

/* State files may be without the list of controllers. */
static struct cgroup_dir *planned_cgroups(struct container *container)
{
    const struct state *state = &container->state;
    struct cgroup_dir *cgroups = arena_new(&container->arena, struct cgroup_dir, state->n_cgroups + 1);

    for (size_t i = 0; cgroups && i < state->n_cgroups; i++) {
        cgroups[i] = state->cgroups[i];
        if (!cgroups[i].controllers)
            cgroups[i].controllers = "";
    }
    return cgroups;
}

/* What the end of idleness gives back is known by an earlier update, or by the configuration, if that is still there. */
static const struct spec_resources *first_resources(struct container *container, const struct wishes *w)
{
    const struct spec *spec;

    if (!w->cpu.idle.set || w->cpu.idle.value != 0 || container->state.idle_weight ||
        container_spec(container, &spec, NULL) < 0)
        return NULL;
    return spec->linux_->resources;
}

/* Before anything is written: if we are killed, it is known all the same. */
static int keep_weight(struct container *container, const struct update_plan *plan, struct error *err)
{
    if (!plan->keep_weight || plan->keep_weight == container->state.idle_weight)
        return 0;
    container->state.idle_weight = plan->keep_weight;
    return state_write(container->dir_fd, &container->state, err);
}

static int make_plan(struct container *container, const struct wishes *w, struct update_plan *plan, struct error *err)
{
    struct update_facts facts;
    struct host host;
    const struct update_input input = { .resources = &w->resources,
                                        .host = &host,
                                        .cgroups = planned_cgroups(container),
                                        .n_cgroups = container->state.n_cgroups,
                                        .facts = &facts,
                                        .unit = container->state.scope != NULL,
                                        .of_user = host_has_own_manager(),
                                        .kept_weight = container->state.idle_weight,
                                        .made_with = first_resources(container, w) };
    int r = host_probe(&host, HOST_IDENTITY | HOST_CGROUP | HOST_BFQ, &container->arena, err);

    if (r < 0)
        return r;
    if (!input.cgroups)
        return error_errno(err, -ENOMEM, "update");
    container_limits(container, &facts);
    return plan_update(&input, &container->arena, plan, err);
}

int crun_update(struct crun_context *context, const char *id, const struct crun_update_options *options,
                struct crun_error *error)
{
    _cleanup_(container_close) struct container container;
    _cleanup_(schemata_done) struct schemata schemata = { .before = NULL };
    struct error *err = own_error(error);
    struct update_plan plan;
    struct wishes w = { 0 };
    int r = container_lock(context, id, &container, err);

    if (r < 0)
        return r;
    r = container_check_running(&container, err);
    if (r >= 0)
        r = gather_wishes(context, options, &container.arena, &w, err);
    if (r >= 0)
        r = make_plan(&container, &w, &plan, err);
    for (size_t i = 0; r >= 0 && i < plan.n_warnings; i++)
        log_write(context->log, LOG_LEVEL_WARNING, "%s", plan.warnings[i]);
    if (r >= 0)
        r = keep_weight(&container, &plan, err);
    if (r >= 0)
        r = write_schemata(options, &container.state, &schemata, err);
    if (r < 0)
        return r;
    r = write_plan(&container, &plan, err);
    if (r < 0)
        restore_schemata(&schemata);
    return r;
}
