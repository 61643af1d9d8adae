// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From a partial linux.resources and the facts to rows in an order that the kernel takes. The rules behind the order:
 *
 *   memory v1    limit <= memory and swap together, at any moment
 *   cpu          quota / period of a group may not exceed that of the group above: the ratio must not rise in between
 *   burst        <= quota, at any moment
 *   idle         an idle group takes no weight
 */
#include "plan/update.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "plan/cgroup_work.h"
#include "plan/idle.h"
#include "plan/scope.h"

#define MEMORY(name) "linux.resources.memory." name
#define CPU(name)    "linux.resources.cpu." name

struct updating {
    const struct update_input *input;
    const struct update_facts *facts;
    struct planner planner;
    struct arena *arena;
    struct spec_resources resources; /* those of the input, completed */
    struct spec_memory memory;
    struct spec_cpu cpu;
    bool memory_v2, cpu_v2;
    enum idle_change idle;
    bool limit_borrowed; /* memory.limit is only there to work out the swap limit */
};

static bool asked(struct opt_i64 value)
{
    return value.set && value.value != 0;
}

static bool asked_unsigned(struct opt_u64 value)
{
    return value.set && value.value != 0;
}

static bool above(int64_t a, int64_t b)
{
    return b >= 0 && (a < 0 || a > b); /* negative is no limit */
}

/* ---- memory ---- */

static void check_usage(struct updating *u)
{
    const struct spec_memory *memory = &u->memory;
    int64_t usage = u->facts->memory_usage.value, swapped = u->facts->swap_usage.value;

    if (!memory->check_before_update.set || !memory->check_before_update.value || !u->facts->memory_usage.set)
        return;
    if (asked(memory->limit) && memory->limit.value > 0 && memory->limit.value < usage)
        plan_fail(&u->planner, -EBUSY,
                  MEMORY("limit") ": rejecting memory limit %" PRId64 ": the container uses %" PRId64,
                  memory->limit.value, usage);
    else if (asked(memory->swap) && memory->swap.value > 0 && memory->swap.value < usage + swapped)
        plan_fail(&u->planner, -EBUSY,
                  MEMORY("swap") ": rejecting memory limit %" PRId64 ": the container uses %" PRId64
                                 " of memory and swap",
                  memory->swap.value, usage + swapped);
}

/* v1 keeps both limits in one relation; a document with one of them meets the other that is in force. */
static void complete_memory_v1(struct updating *u)
{
    struct spec_memory *memory = &u->memory;
    int64_t together = u->facts->memory_swap.value;

    if (!u->facts->memory_swap.set || !asked(memory->limit) || asked(memory->swap))
        return;
    if (memory->limit.value < 0 && together >= 0)
        memory->swap = (struct opt_i64){ true, -1 };
    else if (above(memory->limit.value, together))
        plan_fail(&u->planner, -EINVAL,
                  MEMORY("limit") ": %" PRId64 " is above the limit of memory and swap together, %" PRId64
                                  ", which must be raised with it (" MEMORY("swap") ")",
                  memory->limit.value, together);
}

static void complete_memory(struct updating *u)
{
    struct spec_memory *memory = &u->memory;

    if (!u->input->resources->memory)
        return;
    u->memory = *u->input->resources->memory;
    u->resources.memory = memory;
    check_usage(u);
    if (!u->memory_v2)
        complete_memory_v1(u);
    if (asked(memory->swap) && memory->swap.value > 0 && !asked(memory->limit)) {
        memory->limit = u->facts->memory_limit;
        u->limit_borrowed = asked(memory->limit);
    }
}

/* ---- cpu ---- */

/* The weight of an idle group can be asked for as long as it is said that it stays idle: it is for later. */
static void check_idle(struct updating *u)
{
    struct spec_cpu *cpu = &u->cpu;

    u->idle = idle_change(u->facts, cpu);
    if (u->idle == IDLE_STAYS && asked_unsigned(cpu->shares) && !cpu->idle.set)
        plan_fail(&u->planner, -EINVAL,
                  CPU("shares") ": the container is idle (cpu.idle is 1), and the kernel takes no weight for it; end "
                                "that in the "
                                "same update (" CPU("idle") ": 0, --cpu-idle 0)");
}

/* v2 has quota and period in one file: the half that was not asked for is written as it is. */
static void complete_cpu(struct updating *u)
{
    const struct update_facts *facts = u->facts;
    struct spec_cpu *cpu = &u->cpu;

    if (!u->input->resources->cpu)
        return;
    u->cpu = *u->input->resources->cpu;
    u->resources.cpu = cpu;
    check_idle(u);
    if (!u->cpu_v2)
        return;
    if (asked_unsigned(cpu->period) && !asked(cpu->quota))
        cpu->quota = facts->cpu_quota;
    else if (asked(cpu->quota) && !asked_unsigned(cpu->period) && facts->cpu_period.set)
        cpu->period = (struct opt_u64){ true, (uint64_t) facts->cpu_period.value };
}

/* ---- order ---- */

static struct resource_row *find_row(const struct resource_rows *rows, const char *field)
{
    for (size_t i = 0; i < rows->n; i++)
        if (strcmp(rows->rows[i].field, field) == 0)
            return &rows->rows[i];
    return NULL;
}

/* Put the row of FIELD before that of OTHER, where both are there. */
static void move_before(struct resource_rows *rows, const char *field, const char *other)
{
    struct resource_row *from = find_row(rows, field), *to = find_row(rows, other), row;

    if (!from || !to || from < to)
        return;
    row = *from;
    memmove(to + 1, to, (size_t) (from - to) * sizeof row);
    *to = row;
}

static void drop_row(struct resource_rows *rows, const char *field)
{
    struct resource_row *row = find_row(rows, field);

    if (!row)
        return;
    rows->n--;
    memmove(row, row + 1, (size_t) (rows->rows + rows->n - row) * sizeof *row);
}

static void order_memory(const struct updating *u, struct resource_rows *rows)
{
    if (u->limit_borrowed)
        drop_row(rows, MEMORY("limit"));
    if (!u->memory_v2 && u->facts->memory_swap.set && above(u->memory.limit.value, u->facts->memory_swap.value))
        move_before(rows, MEMORY("swap"), MEMORY("limit"));
}

static void order_cpu(const struct updating *u, struct resource_rows *rows)
{
    const struct spec_cpu *cpu = &u->cpu;
    const struct update_facts *facts = u->facts;

    if (facts->cpu_period.set && cpu->period.value < (uint64_t) facts->cpu_period.value)
        move_before(rows, CPU("quota"), CPU("period"));
    if (facts->cpu_burst.set && cpu->burst.value < (uint64_t) facts->cpu_burst.value) {
        move_before(rows, CPU("burst"), CPU("quota"));
        move_before(rows, CPU("burst"), CPU("period"));
    }
    move_before(rows, CPU("idle"), CPU("shares")); /* then it ends */
}

static bool writes_file(const struct resource_rows *rows, const char *file)
{
    for (size_t i = 0; i < rows->n; i++)
        if (strcmp(rows->rows[i].file, file) == 0)
            return true;
    return false;
}

/* Behind the row that ends the idleness. */
static void restore_weight(const struct updating *u, struct hierarchy_work *work)
{
    int i = cgroup_find_controller(&u->planner, RESOURCE_CPU);
    uint64_t weight = u->idle == IDLE_ENDS ? idle_weight_to_restore(u->input, u->cpu_v2) : 0;

    if (weight && i != CGROUP_NOT_FOUND && !writes_file(&work[i].rows, idle_weight_file(u->cpu_v2)))
        resource_row(&work[i].rows, CPU("idle"), idle_weight_file(u->cpu_v2), 0, "%" PRIu64, weight);
}

/* The end of idleness, which takes it back, loses the weight. */
static void undo_idle(struct updating *u, struct update_plan *plan)
{
    struct resource_rows undo = { .arena = u->arena, .err = u->planner.err };

    if (u->idle != IDLE_BEGINS || u->facts->cpu_weight.value <= 0)
        return;
    resource_row(&undo, CPU("idle"), "cpu.idle", 0, "0");
    resource_row(&undo, CPU("idle"), idle_weight_file(u->cpu_v2), 0, "%" PRId64, u->facts->cpu_weight.value);
    for (size_t i = 0; !undo.failed && i < plan->n_rows; i++)
        if (strcmp(plan->rows[i].write.file, "cpu.idle") == 0) {
            plan->rows[i].undo = undo.rows;
            plan->rows[i].n_undo = undo.n;
        }
}

/* ---- devices ---- */

/* Engines put "deny everything" into every document, also where they say nothing of devices: a list that allows
 * nothing is not a wish. */
static bool wants_devices(const struct spec_resources *resources)
{
    for (size_t i = 0; i < resources->n_devices; i++)
        if (resources->devices[i].allow)
            return true;
    return false;
}

static void change_program(struct updating *u, const struct device_rules *rules, int hierarchy,
                           struct update_plan *plan)
{
    struct error err = { 0 };
    const struct bpf_code *program;
    size_t n;
    int r;

    plan->program_hierarchy = hierarchy;
    if (device_rules_allow_all(rules))
        return;
    r = devices_bpf(rules, u->arena, &program, &n, &err);
    if (r < 0) {
        plan_fail(&u->planner, r, "%s", err.text);
        return;
    }
    plan->program = program;
    plan->program_size = n * sizeof *program;
}

/* ---- rows ---- */

static struct update_row *add_row(struct updating *u, struct update_plan *plan, size_t hierarchy,
                                  const struct resource_row *row)
{
    struct update_row *more;

    if ((plan->n_rows & (plan->n_rows - 1)) == 0) { /* at powers of two the array is full */
        more = arena_new(u->arena, struct update_row, plan->n_rows ? 2 * plan->n_rows : 1);
        if (!more)
            return NULL;
        if (plan->n_rows)
            memcpy(more, plan->rows, plan->n_rows * sizeof *more);
        plan->rows = more;
    }
    more = &plan->rows[plan->n_rows++];
    *more = (struct update_row){ .hierarchy = hierarchy, .write = *row };
    return more;
}

static void add_device_rows(struct updating *u, size_t hierarchy, const struct device_changes *changes,
                            struct update_plan *plan)
{
    plan->freeze = changes->gap;
    for (size_t i = 0; i < changes->rows.n; i++) {
        struct update_row *row = add_row(u, plan, hierarchy, &changes->rows.rows[i]);

        if (!row)
            return;
        row->undo = i ? &changes->undo.rows[i] : changes->undo_first.rows;
        row->n_undo = i ? 1 : changes->undo_first.n;
    }
}

static void change_devices(struct updating *u, struct update_plan *plan)
{
    struct error err = { 0 };
    int v1 = cgroup_find(&u->planner, false, "devices"), v2 = cgroup_find(&u->planner, true, NULL), r;
    struct device_changes changes;
    struct device_rules rules;

    if (!wants_devices(u->input->resources))
        return;
    r = device_rules_make(u->input->resources, NULL, u->arena, &rules, &err);
    if (r == 0 && v1 != CGROUP_NOT_FOUND) {
        r = device_rules_change_v1(&rules, u->facts->devices ? u->facts->devices : "", u->arena, &changes, &err);
        if (r == 0)
            add_device_rows(u, (size_t) v1, &changes, plan);
    } else if (r == 0 && v2 != CGROUP_NOT_FOUND) {
        change_program(u, &rules, v2, plan);
    } else if (r == 0) {
        r = error_set(&err, -ENOENT, "linux.resources.devices: no cgroup controller \"devices\" is available");
    }
    if (r < 0)
        plan_fail(&u->planner, r, "%s", err.text);
}

static void add_rows(struct updating *u, const struct hierarchy_work *work, struct update_plan *plan)
{
    plan->enable = arena_new(u->arena, const char *, u->input->n_cgroups + 1);
    for (size_t i = 0; plan->enable && i < u->input->n_cgroups; i++) {
        plan->enable[i] = work[i].enable;
        for (size_t k = 0; k < work[i].rows.n; k++)
            add_row(u, plan, i, &work[i].rows.rows[k]);
    }
}

/* ---- the same for systemd ---- */

/* A weight that idleness had taken the place of is that of systemd's default again. */
static void weight_property(const struct updating *u, struct unit_properties *properties)
{
    if (u->cpu.idle.set && u->cpu.idle.value == 0)
        unit_property(properties, "CPUWeight=uint64 %" PRIu64, UINT64_MAX);
}

static void add_properties(struct updating *u, struct update_plan *plan)
{
    const struct update_facts *facts = u->facts;
    struct unit_properties properties = {
        .arena = u->arena, .bfq = u->input->host->bfq, .cpu_quota = facts->cpu_quota, .cpu_period = facts->cpu_period
    };

    weight_property(u, &properties);
    for (size_t i = 0; i < plan->n_rows; i++)
        unit_property_of_row(&properties, &plan->rows[i].write);
    unit_properties_finish(&properties);
    if (!u->input->of_user && wants_devices(u->input->resources))
        plan_scope_devices(&u->planner, u->input->resources, &properties);
    plan->properties = properties.list;
    plan->n_properties = properties.n;
}

/* ---- the whole ---- */

static bool in_v2(const struct updating *u, enum resource_controller_index controller)
{
    int i = cgroup_find_controller(&u->planner, controller);

    return i == CGROUP_NOT_FOUND ? u->input->host->cgroup.layout == CGROUP_LAYOUT_V2 : u->input->cgroups[i].v2;
}

/* A fresh cgroup has it enabled, here it may have been disabled before. */
static void enable_oom_killer(struct updating *u, struct hierarchy_work *work)
{
    int i = cgroup_find_controller(&u->planner, RESOURCE_MEMORY);
    const struct opt_bool *disable = &u->memory.disable_oom_killer;

    if (!u->memory_v2 && i != CGROUP_NOT_FOUND && disable->set && !disable->value)
        resource_row(&work[i].rows, MEMORY("disableOOMKiller"), "memory.oom_control", 0, "0");
}

static void make_rows(struct updating *u, struct update_plan *plan)
{
    struct error err = { 0 };
    struct hierarchy_work *work = cgroup_work_limits(&u->planner, &err);

    for (size_t i = 0; work && i < u->input->n_cgroups; i++) {
        order_memory(u, &work[i].rows);
        order_cpu(u, &work[i].rows);
    }
    if (work) {
        enable_oom_killer(u, work);
        restore_weight(u, work);
    }
    change_devices(u, plan);
    if (work)
        add_rows(u, work, plan);
    undo_idle(u, plan);
    plan->keep_weight = idle_weight_to_keep(u->idle, u->facts, &u->cpu, u->cpu_v2);
}

int plan_update(const struct update_input *input, struct arena *arena, struct update_plan *ret_plan, struct error *err)
{
    struct updating u = { .input = input, .facts = input->facts, .arena = arena, .resources = *input->resources };
    struct spec_linux linux_ = { .resources = &u.resources };
    const struct spec spec = { .linux_ = &linux_ };
    const struct plan_input plan_input = { .spec = &spec, .host = input->host };

    *ret_plan = (struct update_plan){ .program_hierarchy = CGROUP_NOT_FOUND };
    u.planner = (struct planner){ .input = &plan_input, .arena = arena, .err = err };
    u.planner.plan.cgroups = (struct cgroup_dir *) input->cgroups;
    u.planner.plan.n_cgroups = input->n_cgroups;
    u.memory_v2 = in_v2(&u, RESOURCE_MEMORY);
    u.cpu_v2 = in_v2(&u, RESOURCE_CPU);
    complete_memory(&u);
    complete_cpu(&u);
    if (!u.planner.failed)
        make_rows(&u, ret_plan);
    if (!u.planner.failed && input->unit)
        add_properties(&u, ret_plan);
    if (!u.planner.failed && arena->failed)
        return error_errno(err, -ENOMEM, "linux.resources");
    ret_plan->warnings = u.planner.plan.warnings;
    ret_plan->n_warnings = u.planner.plan.n_warnings;
    return u.planner.failed ? err->code : 0;
}

/* ---- taking back ---- */

/* Files with a line for each device or interface, and what a device without a line has. */
static const struct {
    const char *file, *value;
} keyed_files[] = {
    {"io.max",                            "rbps=max wbps=max riops=max wiops=max"},
    { "rdma.max",                         "hca_handle=max hca_object=max"        },
    { "io.weight",                        "default"                              },
    { "io.bfq.weight",                    "0"                                    },
    { "blkio.weight_device",              "0"                                    },
    { "blkio.leaf_weight_device",         "0"                                    },
    { "blkio.bfq.weight_device",          "0"                                    },
    { "blkio.throttle.read_bps_device",   "0"                                    },
    { "blkio.throttle.write_bps_device",  "0"                                    },
    { "blkio.throttle.read_iops_device",  "0"                                    },
    { "blkio.throttle.write_iops_device", "0"                                    },
    { "net_prio.ifpriomap",               "0"                                    },
};

static const char *absent_value(const char *file)
{
    for (size_t i = 0; i < sizeof keyed_files / sizeof keyed_files[0]; i++)
        if (strcmp(keyed_files[i].file, file) == 0)
            return keyed_files[i].value;
    return NULL;
}

const char *update_undo_value(const char *file, const char *value, const char *old, struct arena *arena)
{
    const char *absent = absent_value(file);
    size_t length = strcspn(value, " ");

    if (strcmp(file, "memory.oom_control") == 0)
        return arena_strdup(arena, strstr(old, "oom_kill_disable 1") ? "1" : "0");

    if (absent && value[length] == '\0') { /* a weight for all devices, "100" or "default 100" where it is read */
        value = "default";
        length = strlen(value);
        absent = NULL;
    }
    for (const char *line = old; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (strncmp(line, value, length) == 0 && line[length] == ' ')
            return arena_strndup(arena, line, strcspn(line, "\n"));
    if (absent)
        return arena_printf(arena, "%.*s %s", (int) length, value, absent);
    return arena_strndup(arena, old, strcspn(old, "\n"));
}
