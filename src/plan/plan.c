// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The plan as a growing list, and the order of a launch (plan_create).
 *
 * The blob is built in place, in a mapping of its own: header, room for as many rows as the spec can need, then data
 * that grows behind them. References are therefore final when they are made, and what crun-init gets is this memory.
 * The builder is sticky: after the first problem rows go to a scratch place, and plan_create reports once.
 */
#include "plan/plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/format.h"
#include "sys/compat.h"

/* ---- building ---- */

/* An upper bound of the rows: a fixed number for what every container has, and a few for each element of a list. */
static uint32_t rows_needed(const struct spec *spec)
{
    const struct spec_linux *lin = spec->linux_;
    const struct spec_resources *res = lin->resources;
    size_t n = 256 + 8 * spec->n_mounts + 4 * lin->n_devices + lin->n_masked_paths + 2 * lin->n_readonly_paths;

    n += lin->n_sysctl + 8 * lin->n_namespaces + lin->n_net_devices;
    for (int kind = 0; kind < N_HOOK_KINDS; kind++)
        n += spec->hooks[kind].n_hooks;
    if (spec->process)
        n += 2 * spec->process->n_rlimits;
    if (res)
        n += 64 * 4 + 32 * res->n_devices + 4 * res->n_hugepage_limits + 2 * res->n_rdma + res->n_unified;
    if (res && res->network)
        n += res->network->n_priorities;
    if (res && res->block_io) {
        n += 4 * res->block_io->n_weight_devices;
        for (int kind = 0; kind < N_THROTTLE_KINDS; kind++)
            n += 2 * res->block_io->throttle[kind].n_devices;
    }
    return n > UINT32_MAX / 128 ? 0 : (uint32_t) n;
}

static struct blob *blob_of(struct planner *planner)
{
    return planner->plan.blob;
}

static void give_up(struct planner *planner, int code, const char *text);

/* Room for SIZE bytes of data, aligned; returns its offset in the blob, 0 on failure. */
static uint32_t data_alloc(struct planner *planner, size_t size, void **ret_memory)
{
    struct arena *memory = &planner->plan.memory;
    void *data = planner->failed ? NULL : arena_alloc(memory, 1, size);

    if (!data || memory->used > UINT32_MAX / 2) {
        give_up(planner, -E2BIG, "the configuration is too large to launch");
        return 0;
    }
    *ret_memory = data;
    return (uint32_t) ((char *) data - (char *) blob_of(planner));
}

op_str plan_str(struct planner *planner, const char *text)
{
    size_t size = text ? strlen(text) + 1 : 0;
    void *copy;
    uint32_t offset;

    if (!text)
        return 0;
    offset = data_alloc(planner, size, &copy);
    if (offset)
        memcpy(copy, text, size);
    return offset;
}

static op_str str_vprintf(struct planner *planner, const char *format, va_list args)
{
    char text[512], *copy = text;
    va_list again;
    int length;

    va_copy(again, args);
    length = format_text(text, sizeof text, format, args);
    if (length >= (int) sizeof text) {
        copy = arena_alloc(planner->arena, 1, (size_t) length + 1);
        if (copy)
            format_text(copy, (size_t) length + 1, format, again);
    }
    va_end(again);
    return length < 0 ? 0 : plan_str(planner, copy);
}

op_str plan_strf(struct planner *planner, const char *format, ...)
{
    va_list args;
    op_str ref;

    va_start(args, format);
    ref = str_vprintf(planner, format, args);
    va_end(args);
    return ref;
}

struct op_list plan_list(struct planner *planner, const char *const *strings, size_t n)
{
    uint64_t *words;
    void *memory;
    uint32_t offset = data_alloc(planner, (n + 1) * sizeof *words, &memory);

    if (!offset)
        return (struct op_list){ 0 };
    words = memory;
    for (size_t i = 0; i < n; i++)
        words[i] = plan_str(planner, strings[i]);
    return (struct op_list){ offset, (uint32_t) n };
}

struct op_bytes plan_bytes(struct planner *planner, const void *bytes, size_t size)
{
    void *copy;
    uint32_t offset = size ? data_alloc(planner, size, &copy) : 0;

    if (!offset)
        return (struct op_bytes){ 0 };
    memcpy(copy, bytes, size);
    return (struct op_bytes){ offset, (uint32_t) size };
}

struct op *plan_add(struct planner *planner, enum op_kind kind, enum op_side side, const char *what, ...)
{
    struct blob *blob = blob_of(planner);
    struct op *op = &planner->scratch;
    va_list args;

    if (!planner->failed && blob->n_ops < planner->ops_capacity)
        op = (struct op *) (blob + 1) + blob->n_ops++;
    else if (!planner->failed)
        give_up(planner, -E2BIG, "the configuration needs more operations than were reserved");
    memset(op, 0, sizeof *op);
    op->kind = (uint16_t) kind;
    op->side = (uint8_t) side;
    if (what) {
        va_start(args, what);
        op->what = str_vprintf(planner, what, args);
        va_end(args);
    }
    return op;
}

op_slot plan_slot(struct planner *planner)
{
    return (op_slot) blob_of(planner)->n_slots++;
}

/* A first problem is kept as the result in any case. */
static void keep_problem(struct planner *planner, const struct error *problem)
{
    if (planner->n_problems++ == 0 && planner->err)
        *planner->err = *problem;
    if (planner->input->report)
        planner->input->report(planner->input->userdata, problem);
}

void plan_fail(struct planner *planner, int code, const char *format, ...)
{
    struct error problem;
    va_list args;

    if (planner->failed)
        return;
    va_start(args, format);
    error_vset(&problem, code, format, args);
    va_end(args);
    keep_problem(planner, &problem);
    planner->failed = !planner->input->report;
}

/* What no row can be added after, whoever wants to hear more. */
static void give_up(struct planner *planner, int code, const char *text)
{
    plan_fail(planner, code, "%s", text);
    planner->failed = true;
}

static void remember(struct planner *planner, const char ***list, size_t *n, const char *format, va_list args)
{
    const char **more = arena_new(planner->arena, const char *, *n + 1);
    struct error note;

    error_vset(&note, 0, format, args);
    if (!more)
        return;
    if (*n)
        memcpy(more, *list, *n * sizeof *more);
    more[(*n)++] = arena_strdup(planner->arena, note.text);
    *list = more;
}

void plan_warn(struct planner *planner, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    remember(planner, &planner->plan.warnings, &planner->plan.n_warnings, format, args);
    va_end(args);
}

void plan_note(struct planner *planner, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    remember(planner, &planner->plan.notes, &planner->plan.n_notes, format, args);
    va_end(args);
}

void plan_unused(struct planner *planner, const char *format, ...)
{
    struct plan *plan = &planner->plan;
    bool validated = planner->input->report;
    va_list args;

    va_start(args, format);
    remember(planner, validated ? &plan->warnings : &plan->notes, validated ? &plan->n_warnings : &plan->n_notes,
             format, args);
    va_end(args);
}

/* ---- the whole ---- */

static int planner_init(struct planner *planner, const struct plan_input *input, struct arena *arena, struct error *err)
{
    struct arena *memory = &planner->plan.memory;
    size_t head;
    int r;

    *planner = (struct planner){ .input = input,
                                 .arena = arena,
                                 .err = err,
                                 .hook_output = SLOT_NONE,
                                 .hook_errors = SLOT_NONE,
                                 .report = SLOT_NONE,
                                 .go = SLOT_NONE };
    planner->ops_capacity = rows_needed(input->spec);
    if (planner->ops_capacity == 0)
        return error_set(err, -E2BIG, "the configuration is too large to launch");
    r = arena_init(memory, (size_t) 256 << 20, err);
    if (r < 0)
        return r;
    head = sizeof(struct blob) + planner->ops_capacity * sizeof(struct op);
    planner->plan.blob = arena_alloc(memory, 1, head);
    if (!planner->plan.blob) {
        arena_done(memory);
        return error_set(err, -E2BIG, "the configuration is too large to launch");
    }
    *planner->plan.blob = (struct blob){ .magic = BLOB_MAGIC, .version = BLOB_VERSION, .data = (uint32_t) head };
    return 0;
}

static void sync_row(struct planner *planner, enum sync_mode mode, bool state, const char *what)
{
    struct op *op = plan_add(planner, OP_SYNC, SIDE_BOTH, "%s", what);

    op->sync.mode = mode;
    op->sync.state = state;
}

/* Hooks of the runtime namespace, and those of the container's before its root is entered. Init stands still
 * from here until the last parent hook has ended; it gets the state document with the word to go on. */
static void hook_rows(struct planner *planner)
{
    bool parent = plan_has_hooks(planner, HOOK_PRESTART) || plan_has_hooks(planner, HOOK_CREATE_RUNTIME);
    bool init = plan_has_hooks(planner, HOOK_CREATE_CONTAINER) || plan_has_hooks(planner, HOOK_START_CONTAINER);

    if (!parent && !init)
        return;
    if (parent) {
        sync_row(planner, SYNC_PARENT_WAITS, false, "mounts are ready");
        plan_hooks(planner, HOOK_PRESTART, SIDE_PARENT);
        plan_hooks(planner, HOOK_CREATE_RUNTIME, SIDE_PARENT);
    }
    sync_row(planner, SYNC_INIT_WAITS, init, "runtime hooks are done");
    plan_hooks(planner, HOOK_CREATE_CONTAINER, SIDE_INIT);
}

static void root_rows(struct planner *planner)
{
    plan_root_prepare(planner);
    plan_mounts(planner);
    plan_systemd_mount(planner);
    plan_devices(planner);
    plan_terminal(planner);
    plan_mounts_readonly(planner);
    hook_rows(planner);
    plan_root_enter(planner);
    plan_paths(planner);
    plan_root_propagation(planner);
}

static void shared_root_rows(struct planner *planner)
{
    plan_shared_mounts_root(planner);
    hook_rows(planner);
    plan_add(planner, OP_PIVOT, SIDE_INIT, "root file system")->pivot.mode = PIVOT_CHROOT;
}

void plan_begin(struct planner *planner)
{
    plan_namespaces_decide(planner);
    plan_cgroup_decide(planner);

    plan_add(planner, OP_STATE_CREATE, SIDE_PARENT, "state directory");
    if (planner->input->notify_name)
        plan_add(planner, OP_NOTIFY, SIDE_PARENT, "NOTIFY_SOCKET")->notify.name =
            plan_str(planner, planner->input->notify_name);
    plan_cgroup_make(planner);
    plan_intel_rdt_make(planner);
}

/* The order of a launch. Rows of the two sides interleave here; each side skips the other's. */
static void launch_rows(struct planner *planner)
{
    plan_begin(planner);
    plan_root_source(planner);
    plan_mount_sources(planner);
    plan_hooks_output(planner);
    plan_namespaces_open(planner); /* ends with the clone */
    plan_cgroup_join(planner);
    plan_intel_rdt_join(planner);
    plan_process_parent(planner);
    plan_namespaces_maps(planner);
    plan_namespaces_enter(planner);
    plan_net_devices(planner);
    plan_cgroup_leave(planner);
    plan_process_early(planner);
    if (planner->namespaces_new & CLONE_NEWNS)
        root_rows(planner);
    else
        shared_root_rows(planner);
    plan_sysctl(planner);
    plan_process_late(planner);
}

int plan_build(const struct plan_input *input, void (*rows)(struct planner *planner), struct arena *arena,
               struct plan *ret_plan, struct error *err)
{
    struct planner planner;
    void *end;
    int r = planner_init(&planner, input, arena, err);

    if (r < 0)
        return r;
    planner.plan.blob->fd_base = (int32_t) (3 + input->preserve_fds);
    if (input->timeline)
        planner.plan.blob->times = (uint32_t) plan_slot(&planner) + 1;
    rows(&planner);
    data_alloc(&planner, 1, &end); /* the last byte of the data is NUL */
    if (arena->failed)
        give_up(&planner, -ENOMEM, "out of memory while planning");
    if (planner.n_problems > 0) {
        arena_done(&planner.plan.memory);
        return err ? err->code : -EINVAL;
    }
    planner.plan.blob->size = (uint32_t) planner.plan.memory.used;
    planner.plan.clone_flags = planner.namespaces_new;
    *ret_plan = planner.plan;
    return 0;
}

int plan_create(const struct plan_input *input, struct arena *arena, struct plan *ret_plan, struct error *err)
{
    return plan_build(input, launch_rows, arena, ret_plan, err);
}

void plan_done(struct plan *plan)
{
    arena_done(&plan->memory);
    *plan = (struct plan){ 0 };
}
