// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The plans of `mounts add` and `mounts remove`: other mounts for a container that runs.
 *
 *     crun                                crun-init
 *     TARGET, OPEN, FILE_SYSTEM
 *     CLONE ────────────────────────────▶ starts on the host's side of every namespace
 *                                         SETNS, BECOME_ROOT
 *     CHANGES                             CHANGES: from here on a failure takes everything back
 *                                         MOUNT, BIND ..., TELL; or UNMOUNT ...
 *     SYNC ◀─── REACHED ───────────────── SYNC
 *     RECORD
 *     SYNC ──── GO ─────────────────────▶ SYNC; without it everything is taken back
 *                                         END
 *
 * What comes from the host is opened out here: init enters the container's mount namespace, whose every path may be a
 * trap, and looks up only the destinations, beneath the root's descriptor. It stays out of the cgroup and, unless a procfs
 * is mounted, out of the pid namespace of the container: nobody in there sees it or can stop it. What is removed is what was added: the kernel's number
 * of each mount was written down, so that no renaming in the container can put another one, a mask say, in its place.
 */
#include <errno.h>
#include <string.h>

#include "plan/mount_options.h"
#include "plan/plan.h"
#include "sys/compat.h"

enum { MOUNTS_AT_ONCE = 256 }; /* each costs init a descriptor, by which it can be taken back */

/* PATH by its spelling alone: absolute, without "//", "." and "..". */
static const char *plain_path(struct planner *planner, const char *path)
{
    size_t length = strlen(path), used = 0;
    char *plain = arena_alloc(planner->arena, 1, length + 2);

    for (const char *rest = path; plain && *rest;) {
        size_t n = strcspn(rest, "/");
        bool up = n == 2 && strncmp(rest, "..", 2) == 0, here = n == 0 || (n == 1 && *rest == '.');

        while (up && used && plain[--used] != '/')
            ;
        if (!up && !here) {
            plain[used++] = '/';
            memcpy(plain + used, rest, n);
            used += n;
        }
        rest += n + (rest[n] == '/');
    }
    if (!plain)
        return "/";
    if (used == 0)
        plain[used++] = '/';
    plain[used] = '\0';
    return plain;
}

static const struct spec_mount *mount_of(const struct planner *planner, size_t index)
{
    return &planner->input->spec->mounts[index];
}

static const char *destination(struct planner *planner, size_t index)
{
    return plain_path(planner, mount_of(planner, index)->destination);
}

static bool is_bind(const struct spec_mount *mount, const struct mount_options *options)
{
    return options->bind || (mount->type && (strcmp(mount->type, "bind") == 0 || strcmp(mount->type, "rbind") == 0));
}

static void check_mount(struct planner *planner, size_t index)
{
    const struct spec_mount *mount = mount_of(planner, index);
    struct mount_options options;

    mount_options_parse(&options, mount->options, mount->n_options, planner->arena);
    if (strcmp(destination(planner, index), "/") == 0)
        plan_fail(planner, -EBUSY,
                  "mounts[%zu] \"%s\": the root file system of a container that runs cannot be covered", index,
                  mount->destination);
    if (options.remount)
        plan_fail(
            planner, -EINVAL,
            "mounts[%zu] \"%s\": \"remount\" is for config.json (remove the mount, and add it with other options)",
            index, mount->destination);
    if (host_is_ordinary(planner->input->host) && is_bind(mount, &options))
        plan_fail(
            planner, -EPERM,
            "mounts[%zu] \"%s\": only the host's root may bring a directory of the host into a container that runs",
            index, mount->destination);
}

/* ---- what was added ---- */

/* How many of the mounts behind INDEX, which are removed before it, have its destination too. */
static size_t n_before(struct planner *planner, size_t index)
{
    size_t n = 0;

    for (size_t i = index + 1; i < planner->input->spec->n_mounts; i++)
        n += strcmp(destination(planner, i), destination(planner, index)) == 0;
    return n;
}

/* The newest at the destination of INDEX that is left then; NULL: none. */
static const struct plan_added_mount *find_added(struct planner *planner, size_t index)
{
    const struct plan_target *target = planner->input->target;
    size_t skip = n_before(planner, index);

    for (size_t i = target->n_added; i-- > 0;)
        if (strcmp(plain_path(planner, target->added[i].destination), destination(planner, index)) == 0 && skip-- == 0)
            return &target->added[i];
    return NULL;
}

static void check_added(struct planner *planner, size_t index)
{
    if (!find_added(planner, index))
        plan_fail(planner, -ENOENT,
                  "mounts[%zu] \"%s\": no mount that \"mounts add\" has made (others stay as they are)", index,
                  mount_of(planner, index)->destination);
}

/* ---- rows ---- */

static void check_all(struct planner *planner, void (*check)(struct planner *planner, size_t index))
{
    size_t n = planner->input->spec->n_mounts;

    if (!(planner->input->target->namespaces & CLONE_NEWNS))
        plan_fail(planner, -EINVAL,
                  "the container has no mount namespace of its own: its mounts are those of the host");
    if (n > MOUNTS_AT_ONCE)
        plan_fail(planner, -E2BIG, "%zu mounts: at most %d can be changed at once", n, (int) MOUNTS_AT_ONCE);
    for (size_t i = 0; i < n; i++)
        check(planner, i);
}

/* A procfs shows the pid namespace of who mounts it. */
static bool has_procfs(const struct planner *planner)
{
    const struct spec *spec = planner->input->spec;

    for (size_t i = 0; i < spec->n_mounts; i++)
        if (spec->mounts[i].type && strcmp(spec->mounts[i].type, "proc") == 0)
            return true;
    return false;
}

static void enter_rows(struct planner *planner, op_slot target, bool be_born_inside)
{
    plan_add(planner, OP_CLONE, SIDE_PARENT, "helper")->clone.hierarchy = -1;
    plan_target_enter(planner, target, be_born_inside);
    plan_add(planner, OP_CHANGES, SIDE_BOTH, "mounts of the container");
}

static void end_rows(struct planner *planner)
{
    plan_add(planner, OP_TELL, SIDE_INIT, "mounts of the container");
    plan_add(planner, OP_SYNC, SIDE_BOTH, "mounts are changed")->sync.mode = SYNC_PARENT_WAITS;
    plan_add(planner, OP_RECORD, SIDE_PARENT, "list of added mounts");
    plan_add(planner, OP_SYNC, SIDE_BOTH, "mounts are kept")->sync.mode = SYNC_INIT_WAITS;
    plan_add(planner, OP_END, SIDE_INIT, "helper");
}

static void add_rows(struct planner *planner)
{
    op_slot target;

    plan_target_decide(planner);
    check_all(planner, check_mount);
    target = plan_target_find(planner);
    plan_mount_sources(planner);
    enter_rows(planner, target, has_procfs(planner));
    plan_mounts(planner);
    end_rows(planner);
}

static void unmount_row(struct planner *planner, size_t index)
{
    const struct plan_added_mount *added = find_added(planner, index);
    struct op *op = plan_add(planner, OP_UNMOUNT, SIDE_INIT, "mounts[%zu] \"%s\"", index, destination(planner, index));

    op->unmount.target = plan_str(planner, destination(planner, index));
    op->unmount.id = added ? (int64_t) added->id : 0;
}

/* The last one first, as they lie on one another. */
static void remove_rows(struct planner *planner)
{
    plan_target_decide(planner);
    check_all(planner, check_added);
    enter_rows(planner, plan_target_find(planner), false);
    for (size_t i = planner->input->spec->n_mounts; i-- > 0;)
        unmount_row(planner, i);
    end_rows(planner);
}

int plan_mounts_add(const struct plan_input *input, struct arena *arena, struct plan *ret_plan, struct error *err)
{
    return plan_build(input, add_rows, arena, ret_plan, err);
}

int plan_mounts_remove(const struct plan_input *input, struct arena *arena, struct plan *ret_plan, struct error *err)
{
    return plan_build(input, remove_rows, arena, ret_plan, err);
}
