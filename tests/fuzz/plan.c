// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The planner: one byte of options, then config.json, NUL, host.json, NUL, and what is added to a running container: a
 * process or an array of mounts. Whatever loads is planned; every plan passes the check by which crun-init believes it,
 * can be printed, and every refusal has a code and a text.
 */
#include "fuzz.h"
#include "plan/plan.h"

enum { AS_RUNC = 1, NO_PIVOT = 2, WAIT_START = 4, DISABLED = 8, REMOVE = 16, FROZEN = 32, DENIED = 64, SYSTEMD = 128 };

typedef int plan_function(const struct plan_input *input, struct arena *arena, struct plan *ret_plan,
                          struct error *err);

static void plan_one(plan_function *make, const struct plan_input *input, struct arena *arena)
{
    struct error err = { 0 };
    struct plan plan;
    char *text = NULL;

    if (make(input, arena, &plan, &err) < 0) {
        check_raw_error(&err);
        return;
    }
    assert(blob_check(plan.blob, plan.blob->size) == 0);
    assert(plan_print(&plan, &text, &err) == 0 && text);
    for (const char *c = text; *c; c++)
        assert(!iscntrl((unsigned char) *c) || *c == '\n');
    free(text);
    plan_done(&plan);
}

static void report(void *userdata, const struct error *problem)
{
    check_raw_error(problem);
    (void) userdata;
}

static void fill_target(struct plan_target *target, const struct spec *spec, const struct host *host, uint8_t options,
                        struct arena *arena)
{
    struct cgroup_dir *cgroups = arena_new(arena, struct cgroup_dir, host->cgroup.n_hierarchies + 1);
    const char **now = arena_new(arena, const char *, host->cgroup.n_hierarchies + 1);

    *target = (struct plan_target){ .pid = 123,
                                    .frozen = options & FROZEN,
                                    .groups_denied = options & DENIED,
                                    .cgroups = cgroups,
                                    .now = now,
                                    .n_cgroups = host->cgroup.n_hierarchies };
    for (size_t i = 0; i < spec->linux_->n_namespaces; i++)
        target->namespaces |= namespace_kind_flag(spec->linux_->namespaces[i].type);
    for (size_t i = 0; i < target->n_cgroups; i++) {
        const struct cgroup_hierarchy *hierarchy = &host->cgroup.hierarchies[i];

        cgroups[i] = (struct cgroup_dir){ hierarchy->mount_point, "/fuzz", hierarchy->v2, hierarchy->controllers };
        now[i] = "/fuzz/init";
    }
}

static void plan_mounts_of(struct plan_input *input, const struct document *document, struct plan_target *target,
                           uint8_t options, struct arena *arena)
{
    struct spec spec = *input->spec;
    struct plan_added_mount *added;
    struct error err;

    if (spec_load_mounts(document, arena, &spec.mounts, &spec.n_mounts, &err) < 0)
        return;
    added = arena_new(arena, struct plan_added_mount, spec.n_mounts + 1);
    for (size_t i = 0; i < spec.n_mounts; i++)
        added[i] = (struct plan_added_mount){ spec.mounts[i].destination, 1000 + i };
    target->added = added;
    target->n_added = spec.n_mounts;
    input->spec = &spec;
    plan_one(options & REMOVE ? plan_mounts_remove : plan_mounts_add, input, arena);
}

static void plan_running(struct plan_input *input, const char *text, uint8_t options, struct arena *arena)
{
    const struct document document = { "process.json", (char *) text, strlen(text) };
    const struct spec_process *process;
    struct spec spec = *input->spec;
    struct plan_target target;
    struct error err;

    fill_target(&target, &spec, input->host, options, arena);
    input->target = &target;
    if (text[0] == '[') {
        plan_mounts_of(input, &document, &target, options, arena);
    } else if (spec_load_process(&document, arena, &process, &err) == 0) {
        spec.process = (struct spec_process *) process;
        input->spec = &spec;
        plan_one(plan_exec, input, arena);
    }
}

static void plan_all(const struct document *config, const char *facts, const char *running, uint8_t options,
                     struct arena *arena)
{
    struct host host = { 0 };
    const struct spec *spec;
    struct error err = { 0 };
    struct plan_input input = {
        .host = &host,
        .id = "fuzz",
        .bundle = "/bundle",
        .manager = options & DISABLED  ? CGROUP_MANAGER_DISABLED
                   : options & SYSTEMD ? CGROUP_MANAGER_SYSTEMD
                                       : CGROUP_MANAGER_CGROUPFS,
        .as_runc = options & AS_RUNC,
        .no_pivot = options & NO_PIVOT,
        .wait_start = options & WAIT_START,
    };

    if (spec_load(config, arena, &spec, &err) < 0)
        return;
    if (host_load(&host, facts, arena, &err) < 0)
        return;
    input.spec = spec;
    input.seccomp_program = spec->linux_->seccomp ? "8 bytes!" : NULL;
    input.seccomp_size = spec->linux_->seccomp ? 8 : 0;
    plan_one(plan_create, &input, arena);
    input.report = report;
    plan_one(plan_create, &input, arena);
    input.report = NULL;
    if (*running)
        plan_running(&input, running, options, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    const char *rest = text + (size > 0), *config, *facts, *running;
    size_t left = size > 0 ? size - 1 : 0;
    struct arena arena = fuzz_arena();

    config = fuzz_piece(&rest, &left);
    facts = fuzz_piece(&rest, &left);
    running = fuzz_piece(&rest, &left);
    plan_all(&(struct document){ "config.json", (char *) config, strlen(config) }, facts, running,
             (uint8_t) (size > 0 ? text[0] : 0), &arena);
    arena_done(&arena);
    free(text);
    return 0;
}
