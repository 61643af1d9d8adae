// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Golden tests of the planner: every folder of tests/golden/plans holds a config.json, a host.json and the plan.txt that
 * must come out (or the error, as a line "error: ..."). No root, no system call, no container. An optional `options`
 * file has words: create, runc, no-pivot, disabled.
 *
 * With an `exec.json`, a process object, it is the plan of that exec into the container, whose first process, 123, has
 * moved to "init" below the container's cgroup. Words for it: frozen, denied (setgroups), pid-file; and a file `cgroup`
 * with the value of --cgroup. The word allows: the filter lets everything through.
 *
 * With a `mounts.json`, an array of mounts, it is the plan of `mounts add` for that container; with the word remove, that of
 * `mounts remove`, where all of them were added before, with the numbers from 1000 on.
 *
 * With the word restore it is the plan of a restore.
 *
 *     golden FOLDER...            compare
 *     golden --update FOLDER...   write plan.txt anew, to be read as a diff
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "plan/filter_run.h"
#include "plan/plan.h"
#include "spec/load.h"

static bool has_word(int dir, const char *word)
{
    _cleanup_free_ char *text = NULL;

    return file_read(dir, "options", 4096, &text, NULL) == 0 && strstr(text, word);
}

/* The container that is entered: in all the namespaces that its configuration names. */
static struct plan_target *target_of(int dir, const struct spec *spec, const struct host *host, struct arena *arena)
{
    struct plan_target *target = arena_new(arena, struct plan_target, 1);
    struct cgroup_dir *cgroups = arena_new(arena, struct cgroup_dir, host->cgroup.n_hierarchies + 1);
    const char **now = arena_new(arena, const char *, host->cgroup.n_hierarchies + 1);
    const char **wish = arena_new(arena, const char *, 1);
    _cleanup_free_ char *text = NULL;

    *target = (struct plan_target){ .pid = 123,
                                    .frozen = has_word(dir, "frozen"),
                                    .groups_denied = has_word(dir, "denied"),
                                    .scope = has_word(dir, "systemd") ? "golden.scope" : NULL,
                                    .cgroups = cgroups,
                                    .now = now,
                                    .n_cgroups = host->cgroup.n_hierarchies,
                                    .wishes = wish };
    for (size_t i = 0; i < spec->linux_->n_namespaces; i++)
        target->namespaces |= namespace_kind_flag(spec->linux_->namespaces[i].type);
    for (size_t i = 0; i < target->n_cgroups; i++) {
        const struct cgroup_hierarchy *hierarchy = &host->cgroup.hierarchies[i];

        cgroups[i] = (struct cgroup_dir){ hierarchy->mount_point, target->scope ? "/a.slice/golden.scope" : "/golden",
                                          hierarchy->v2, hierarchy->controllers };
        now[i] = target->scope ? "/a.slice/golden.scope/init" : "/golden/init";
    }
    if (file_read(dir, "cgroup", 4096, &text, NULL) == 0) {
        text[strcspn(text, "\n")] = '\0';
        wish[target->n_wishes++] = arena_strdup(arena, text);
    }
    return target;
}

/* 1: there is an exec.json, and INPUT is changed to that. */
static int take_exec(int dir, struct plan_input *input, struct spec *copy, struct arena *arena, struct error *err)
{
    _cleanup_(document_done) struct document document = { 0 };
    const struct spec_process *process;
    int r;

    if (faccessat(dir, "exec.json", F_OK, 0) < 0)
        return 0;
    r = document_read(&document, dir, "exec.json", err);
    if (r >= 0)
        r = spec_load_process(&document, arena, &process, err);
    if (r < 0)
        return r;
    *copy = *input->spec;
    copy->process = (struct spec_process *) process;
    input->spec = copy;
    input->target = target_of(dir, copy, input->host, arena);
    input->pid_file = has_word(dir, "pid-file") ? "/run/pid" : NULL;
    return 1;
}

/* The same for a mounts.json. */
static int take_mounts(int dir, struct plan_input *input, struct spec *copy, struct arena *arena, struct error *err)
{
    _cleanup_(document_done) struct document document = { 0 };
    struct plan_added_mount *added;
    struct plan_target *target;
    int r;

    if (faccessat(dir, "mounts.json", F_OK, 0) < 0)
        return 0;
    *copy = *input->spec;
    r = document_read(&document, dir, "mounts.json", err);
    if (r >= 0)
        r = spec_load_mounts(&document, arena, &copy->mounts, &copy->n_mounts, err);
    if (r < 0)
        return r;
    added = arena_new(arena, struct plan_added_mount, copy->n_mounts + 1);
    for (size_t i = 0; i < copy->n_mounts; i++)
        added[i] = (struct plan_added_mount){ copy->mounts[i].destination, 1000 + i };
    input->spec = copy;
    target = target_of(dir, copy, input->host, arena);
    target->added = added;
    target->n_added = copy->n_mounts;
    input->target = target;
    return 1;
}

/* Not compiled here: one that forbids everything, or with the word "allows" nothing. */
static void set_filter(struct plan_input *input, bool allows)
{
    static const struct sock_filter allowed[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
    static const struct sock_filter forbidden[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO) };

    if (!input->spec->linux_->seccomp)
        return;
    input->seccomp_program = allows ? allowed : forbidden;
    input->seccomp_size = sizeof allowed;
    input->seccomp_arch = 1;
}

static int plan_text(int dir, const struct spec *spec, const struct host *host, struct arena *arena, char **ret,
                     struct error *err)
{
    struct plan_input input = { .spec = spec, .host = host, .id = "golden", .bundle = "/bundle" };
    int (*make)(const struct plan_input *input, struct arena *arena, struct plan *ret_plan, struct error *err) = NULL;
    struct plan plan;
    struct spec copy;
    int r;

    input.wait_start = has_word(dir, "create");
    input.as_runc = has_word(dir, "runc");
    input.no_pivot = has_word(dir, "no-pivot");
    input.manager = has_word(dir, "disabled")  ? CGROUP_MANAGER_DISABLED
                    : has_word(dir, "systemd") ? CGROUP_MANAGER_SYSTEMD
                                               : CGROUP_MANAGER_CGROUPFS;
    set_filter(&input, has_word(dir, "allows"));
    r = take_exec(dir, &input, &copy, arena, err);
    if (r >= 0)
        make = r ? plan_exec : has_word(dir, "restore") ? plan_restore : plan_create;
    if (r == 0 && (r = take_mounts(dir, &input, &copy, arena, err)) > 0)
        make = has_word(dir, "remove") ? plan_mounts_remove : plan_mounts_add;
    if (r >= 0)
        r = make(&input, arena, &plan, err);
    if (r < 0)
        return r;
    if (blob_check(plan.blob, plan.blob->size) != 0)
        return error_set(err, -1, "the blob does not pass its own check at row %d",
                         blob_check(plan.blob, plan.blob->size) - 1);
    r = plan_print(&plan, ret, err);
    plan_done(&plan);
    return r;
}

/* The plan of the folder, or its error as text. */
static char *result(int dir)
{
    _cleanup_(arena_done) struct arena arena = { 0 };
    _cleanup_(document_done) struct document config = { 0 };
    _cleanup_free_ char *facts = NULL;
    const struct spec *spec;
    struct host host = { 0 };
    struct error err = { 0 };
    char *text = NULL;
    int r = arena_init(&arena, ARENA_DEFAULT_SIZE, &err);

    if (r >= 0)
        r = document_read(&config, dir, "config.json", &err);
    if (r >= 0)
        r = spec_load(&config, &arena, &spec, &err);
    if (r >= 0 && (r = file_read(dir, "host.json", 1 << 20, &facts, NULL)) < 0)
        error_errno(&err, r, "host.json");
    if (r >= 0)
        r = host_load(&host, facts, &arena, &err);
    if (r >= 0)
        r = plan_text(dir, spec, &host, &arena, &text, &err);
    if (r < 0 && asprintf(&text, "error: %s\n", err.text) < 0)
        abort();
    return text;
}

static void first_difference(const char *expected, const char *actual)
{
    unsigned line = 1;
    const char *e = expected, *a = actual;

    while (*e && *e == *a) {
        line += *e == '\n';
        if (*e == '\n') {
            expected = e + 1;
            actual = a + 1;
        }
        e++;
        a++;
    }
    printf("# line %u\n# expected: %.*s\n# actual:   %.*s\n", line, (int) strcspn(expected, "\n"), expected,
           (int) strcspn(actual, "\n"), actual);
}

static bool compare(int dir, const char *actual)
{
    _cleanup_free_ char *expected = NULL;

    if (file_read(dir, "plan.txt", 8 << 20, &expected, NULL) < 0) {
        printf("# there is no plan.txt (make it with --update, then read it)\n");
        return false;
    }
    if (strcmp(expected, actual) == 0)
        return true;
    first_difference(expected, actual);
    return false;
}

int main(int argc, char **argv)
{
    bool update = argc > 1 && strcmp(argv[1], "--update") == 0;
    int first = update ? 2 : 1, failures = 0;

    printf("1..%d\n", argc - first);
    for (int i = first; i < argc; i++) {
        _cleanup_close_ int dir = open(argv[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_free_ char *text = dir < 0 ? NULL : result(dir);
        bool ok = text && (update ? file_replace(dir, "plan.txt", text, strlen(text), 0644) == 0 : compare(dir, text));

        printf("%s %d - %s\n", ok ? "ok" : "not ok", i - first + 1,
               strrchr(argv[i], '/') ? strrchr(argv[i], '/') + 1 : argv[i]);
        failures += !ok;
    }
    return failures != 0;
}
