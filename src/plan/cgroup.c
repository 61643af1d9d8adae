// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The container's cgroups: where they are, what is written there, and when init enters them.
 *
 * Each controller is used in the v1 hierarchy that has it, or else in the v2 one; a container is in every hierarchy
 * that is mounted, because freezing, listing and killing go through them. A hierarchy of which nothing was asked is
 * optional.
 *
 * Set-up allocates kernel memory (mounts, namespaces: some 250 KiB, more where the host has many mounts) which a small
 * memory limit would not bear, and which stays charged to the cgroup where it was made. So with a small limit init
 * works outside of the container's memory cgroup and enters it when set-up is over. The cgroup namespace remembers the
 * cgroup in which init stands when it is made: with a new one init enters, makes the namespace, and leaves again.
 * Measured in docs/decisions (small memory limits). A small limit of processes comes late for the same reason: set-up
 * and hooks fork.
 */
#include "plan/plan.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "plan/cgroup_paths.h"
#include "plan/cgroup_work.h"
#include "plan/scope.h"
#include "sys/compat.h"

#define SMALL_PIDS 16
#define PIDS_LIMIT "linux.resources.pids.limit"
#define DELEGATE   "run.oci.delegate-cgroup"
#define SUBGROUP   "run.oci.systemd.subgroup"

static const struct spec_resources *resources_of(const struct planner *planner)
{
    return planner->input->spec->linux_->resources;
}

static int find_memory(const struct planner *planner)
{
    return cgroup_find_controller(planner, RESOURCE_MEMORY);
}

void plan_cgroup_decide(struct planner *planner)
{
    const struct host_cgroup *host = &planner->input->host->cgroup;
    struct cgroup_dir *cgroups;

    if (planner->input->manager == CGROUP_MANAGER_DISABLED) {
        cgroup_warn_disabled(planner);
        return;
    }
    if (planner->input->manager == CGROUP_MANAGER_SYSTEMD) {
        plan_scope_decide(planner);
        return;
    }
    cgroups = arena_new(planner->arena, struct cgroup_dir, host->n_hierarchies + 1);
    if (!cgroups)
        return; /* plan_create looks at the arena */
    planner->plan.cgroups = cgroups;
    for (size_t i = 0, n = 0; i < host->n_hierarchies && n < CGROUP_MASK_LIMIT; i++) {
        const struct cgroup_hierarchy *hierarchy = &host->hierarchies[i];

        if (hierarchy->closed)
            continue;
        cgroups[n] = (struct cgroup_dir){
            .mount = hierarchy->mount_point,
            .path = cgroup_path_of(planner, hierarchy),
            .v2 = hierarchy->v2,
            .controllers = hierarchy->controllers,
        };
        if (!cgroups[n].path)
            return;
        planner->plan.n_cgroups = ++n;
    }
    if (planner->plan.n_cgroups == 0 && host->n_hierarchies > 0)
        plan_note(planner, "cgroups: read-only or not delegated to the caller, the container stays in the caller's");
}

/* ---- rows before the clone ---- */

/* Those that are there are enabled too, so that the container has statistics. Where v1 has the controllers, v2 is
 * there for its cgroup.kill only. */
static const char *enable_text(struct planner *planner, const struct cgroup_dir *cgroup, const char *needed)
{
    static const char *const wanted[] = { "cpu", "memory", "pids", "io", "cpuset", "hugetlb" };
    const char *text = needed;

    if (!cgroup->v2 || planner->input->host->cgroup.layout != CGROUP_LAYOUT_V2)
        return needed[0] ? needed : NULL;
    for (size_t i = 0; text && i < sizeof wanted / sizeof wanted[0]; i++)
        if (!cgroup_list_has(needed, wanted[i]) && cgroup_list_has(cgroup->controllers, wanted[i]))
            text = arena_printf(planner->arena, "%s%s?%s", text, text[0] ? " " : "", wanted[i]);
    return text && text[0] ? text : NULL;
}

/* The container gets this hierarchy mounted: without a cgroup of its own it would be the host's. */
static bool is_forced(const struct planner *planner, const struct cgroup_dir *cgroup)
{
    return !cgroup->v2 && cgroup_list_has(cgroup->controllers, "name=systemd") &&
           spec_annotation(planner->input->spec, SPEC_FORCE_CGROUP_V1);
}

/* systemd enables for a scope what it knows (Delegate), which is not all: hugetlb and rdma, where needed, are our work. */
static const char *make_text(struct planner *planner, const struct cgroup_dir *cgroup, const char *needed)
{
    if (planner->plan.scope)
        return cgroup->v2 && needed[0] ? needed : NULL;
    return enable_text(planner, cgroup, needed);
}

static void make_row(struct planner *planner, size_t i, const struct hierarchy_work *work)
{
    const struct cgroup_dir *cgroup = &planner->plan.cgroups[i];
    op_str mount = plan_str(planner, cgroup->mount), path = plan_str(planner, cgroup->path);
    op_str enable = plan_str(planner, make_text(planner, cgroup, work->enable));
    struct op *op = plan_add(planner, OP_CGROUP_MAKE, SIDE_PARENT, "cgroup \"%s\" (%s)", cgroup->path,
                             cgroup->v2 ? "v2" : cgroup->controllers);

    op->cgroup_make.hierarchy = (int64_t) i;
    op->cgroup_make.mount = mount;
    op->cgroup_make.path = path;
    op->cgroup_make.enable = enable;
    op->cgroup_make.flags =
        (cgroup->v2 ? CGROUP_MAKE_V2 : 0) | (work->asked || is_forced(planner, cgroup) ? 0 : CGROUP_MAKE_OPTIONAL);
    if (planner->plan.scope)
        op->cgroup_make.flags |= CGROUP_MAKE_SCOPE;
    if (!cgroup->v2 && cgroup_list_has(cgroup->controllers, "cpuset"))
        op->cgroup_make.flags |= CGROUP_MAKE_CPUSET;
}

static void write_row(struct planner *planner, size_t i, const struct resource_row *row)
{
    op_str file = plan_str(planner, row->file), value = plan_str(planner, row->value);
    struct op *op = plan_add(planner, OP_CGROUP_WRITE, SIDE_PARENT, "%s", row->field);

    op->cgroup_write.hierarchy = (int64_t) i;
    op->cgroup_write.file = file;
    op->cgroup_write.value = value;
    op->cgroup_write.flags = row->flags;
}

static void program_row(struct planner *planner, size_t i, const struct hierarchy_work *work)
{
    struct op_bytes program = plan_bytes(planner, work->program, work->n_program * sizeof *work->program);
    struct op *op = plan_add(planner, OP_CGROUP_DEVICES, SIDE_PARENT, "linux.resources.devices");

    op->cgroup_devices.hierarchy = (int64_t) i;
    op->cgroup_devices.program = program;
    op->cgroup_devices.flags = work->program_optional ? CGROUP_WRITE_OPTIONAL : 0;
}

static bool pids_are_small(const struct planner *planner)
{
    const struct spec_resources *resources = resources_of(planner);

    return resources && resources->pids_limit.set && resources->pids_limit.value >= 0 &&
           resources->pids_limit.value < SMALL_PIDS;
}

static bool row_is_late(const struct planner *planner, const struct resource_row *row)
{
    return pids_are_small(planner) && strcmp(row->field, PIDS_LIMIT) == 0;
}

void plan_cgroup_make(struct planner *planner)
{
    struct error err = { 0 };
    struct hierarchy_work *work;

    if (planner->failed || planner->input->manager == CGROUP_MANAGER_DISABLED)
        return;
    planner->plan.memory_limit = memory_limit(resources_of(planner));
    planner->plan.small_memory = planner->plan.memory_limit < SMALL_MEMORY;
    work = cgroup_work(planner, &err);
    if (work && planner->plan.scope)
        plan_scope_start(planner, work, pids_are_small(planner) ? PIDS_LIMIT : NULL);
    for (size_t i = 0; work && !planner->failed && i < planner->plan.n_cgroups; i++) {
        make_row(planner, i, &work[i]);
        for (size_t k = 0; k < work[i].rows.n; k++)
            if (!row_is_late(planner, &work[i].rows.rows[k]))
                write_row(planner, i, &work[i].rows.rows[k]);
        if (work[i].program)
            program_row(planner, i, &work[i]);
    }
}

/* ---- entering ---- */

/* The hierarchy that init must not be charged in during set-up, or CGROUP_NOT_FOUND. An ordinary user could not move it
 * there from his systemd's cgroups, and a cgroup below the scope's is made for init once. */
static int outside_hierarchy(const struct planner *planner)
{
    if (plan_scope_attaches(planner) || plan_scope_subgroup(planner))
        return CGROUP_NOT_FOUND;
    return memory_limit(resources_of(planner)) < SMALL_MEMORY ? find_memory(planner) : CGROUP_NOT_FOUND;
}

/* Init enters, makes its cgroup namespace, and leaves until set-up is over. */
static bool makes_namespace(const struct planner *planner)
{
    return planner->namespaces_new & CLONE_NEWCGROUP;
}

int plan_cgroup_clone_hierarchy(const struct planner *planner)
{
    int v2 = cgroup_find(planner, true, NULL);

    if (!planner->input->host->clone_into_cgroup || !cgroup_privileged(planner->input->host))
        return CGROUP_NOT_FOUND;
    return v2 == outside_hierarchy(planner) ? CGROUP_NOT_FOUND : v2;
}

static uint64_t bit(int hierarchy)
{
    return hierarchy == CGROUP_NOT_FOUND ? 0 : UINT64_C(1) << hierarchy;
}

static void join_row(struct planner *planner, uint64_t mask, const char *what)
{
    if (mask)
        plan_add(planner, OP_CGROUP_JOIN, SIDE_PARENT, "%s", what)->cgroup_join.mask = (int64_t) mask;
}

static bool name_valid(const char *name)
{
    return name[0] && strlen(name) < 256 && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* The cgroup that `run.oci.systemd.subgroup` names: limits are the scope's, systemd does not look below it. */
static void subgroup_row(struct planner *planner)
{
    const char *name = plan_scope_subgroup(planner);
    int v2 = cgroup_find(planner, true, NULL);
    op_str text, enable;
    struct op *op;

    if (!name || v2 == CGROUP_NOT_FOUND)
        return;
    if (!name_valid(name))
        plan_fail(planner, -EINVAL, "annotations[\"" SUBGROUP "\"]: \"%s\" is not the name of a cgroup", name);
    text = plan_str(planner, name);
    enable = plan_str(planner, enable_text(planner, &planner->plan.cgroups[v2], ""));
    op = plan_add(planner, OP_CGROUP_DELEGATE, SIDE_PARENT, "annotations[\"" SUBGROUP "\"]");
    op->cgroup_delegate.hierarchy = v2;
    op->cgroup_delegate.name = text;
    op->cgroup_delegate.uid = op->cgroup_delegate.gid = -1;
    op->cgroup_delegate.enable = enable;
}

/* Whether something must still come to the scope when set-up is over. */
static bool scope_is_held(const struct planner *planner)
{
    return outside_hierarchy(planner) != CGROUP_NOT_FOUND || pids_are_small(planner);
}

/* The scope's cgroups: by ourselves where we may, otherwise by systemd. */
static void enter_rows(struct planner *planner, uint64_t mask)
{
    if (plan_scope_attaches(planner))
        plan_scope_attach(planner);
    else
        join_row(planner, mask, "cgroups");
    if (!scope_is_held(planner))
        plan_scope_release(planner);
    subgroup_row(planner);
}

void plan_cgroup_join(struct planner *planner)
{
    uint64_t mask = (UINT64_C(1) << planner->plan.n_cgroups) - 1;

    mask &= ~bit(plan_cgroup_clone_hierarchy(planner));
    if (!makes_namespace(planner))
        mask &= ~bit(outside_hierarchy(planner));
    enter_rows(planner, mask);
}

void plan_cgroup_restore(struct planner *planner)
{
    enter_rows(planner, (UINT64_C(1) << planner->plan.n_cgroups) - 1);
}

static void sync_row(struct planner *planner, enum sync_mode mode, const char *what)
{
    plan_add(planner, OP_SYNC, SIDE_BOTH, "%s", what)->sync.mode = mode;
}

static const struct cgroup_hierarchy *hierarchy_of(const struct planner *planner, const struct cgroup_dir *cgroup)
{
    const struct cgroup_hierarchy *hierarchy = planner->input->host->cgroup.hierarchies;

    while (hierarchy->mount_point != cgroup->mount)
        hierarchy++;
    return hierarchy;
}

void plan_cgroup_leave(struct planner *planner)
{
    int i = outside_hierarchy(planner);
    op_str path;
    struct op *op;

    if (i == CGROUP_NOT_FOUND || !makes_namespace(planner))
        return;
    sync_row(planner, SYNC_PARENT_WAITS, "the cgroup namespace is made");
    path = plan_str(planner, cgroup_own_path(hierarchy_of(planner, &planner->plan.cgroups[i])));
    op = plan_add(planner, OP_CGROUP_LEAVE, SIDE_PARENT, "set-up is outside of the memory limit");
    op->cgroup_leave.hierarchy = i;
    op->cgroup_leave.path = path;
    sync_row(planner, SYNC_INIT_WAITS, "set-up is outside of the memory limit");
}

static void late_pids_row(struct planner *planner)
{
    const struct resource_controller *controller = &resource_controllers[RESOURCE_PIDS];
    struct resource_rows rows = { .arena = planner->arena };
    int i = cgroup_find_controller(planner, RESOURCE_PIDS);

    controller->rows_v1(&rows, resources_of(planner));
    if (i == CGROUP_NOT_FOUND || !rows.n)
        return;
    if (planner->plan.scope)
        plan_scope_set(planner, &rows.rows[0]);
    write_row(planner, (size_t) i, &rows.rows[0]);
}

/* ---- delegation ---- */

static const char *delegated_name(const struct planner *planner)
{
    return spec_annotation(planner->input->spec, DELEGATE);
}

/* The host's id of the container's root; what is not known here (a joined user namespace) is left to whoever made it. */
static int64_t root_id(const struct planner_map *map, uint32_t own)
{
    for (size_t i = 0; i < map->n; i++)
        if (map->maps[i].container_id == 0)
            return map->maps[i].host_id;
    return own;
}

/* The process goes down into a cgroup of its own, which the container's root owns. Its cgroup namespace was made above:
 * there the container sees its cgroup, with limits that it cannot change. */
static void delegate_row(struct planner *planner)
{
    const char *name = delegated_name(planner), *subgroup = plan_scope_subgroup(planner);
    int v2 = cgroup_find(planner, true, NULL);
    op_str text;
    struct op *op;

    if (!name)
        return;
    if (v2 == CGROUP_NOT_FOUND)
        plan_fail(planner, -ENOENT, "annotations[\"" DELEGATE "\"]: needs cgroup v2, which is not mounted");
    if (!name_valid(name))
        plan_fail(planner, -EINVAL, "annotations[\"" DELEGATE "\"]: \"%s\" is not the name of a cgroup", name);
    if (planner->failed)
        return;
    text = plan_strf(planner, "%s%s%s", subgroup ? subgroup : "", subgroup ? "/" : "", name);
    op = plan_add(planner, OP_CGROUP_DELEGATE, SIDE_PARENT, "annotations[\"" DELEGATE "\"]");
    op->cgroup_delegate.hierarchy = v2;
    op->cgroup_delegate.name = text;
    op->cgroup_delegate.uid = root_id(&planner->uids, planner->input->host->euid);
    op->cgroup_delegate.gid = root_id(&planner->gids, planner->input->host->egid);
}

void plan_cgroup_late(struct planner *planner)
{
    int outside = outside_hierarchy(planner);

    if (planner->plan.n_cgroups == 0 ||
        (outside == CGROUP_NOT_FOUND && !pids_are_small(planner) && !delegated_name(planner)))
        return;
    sync_row(planner, SYNC_PARENT_WAITS, "set-up is over");
    if (pids_are_small(planner))
        late_pids_row(planner);
    join_row(planner, bit(outside), "cgroups with small limits");
    if (scope_is_held(planner))
        plan_scope_release(planner);
    delegate_row(planner);
    sync_row(planner, SYNC_INIT_WAITS, "small limits are in force");
}

void plan_cgroup_restored(struct planner *planner)
{
    if (planner->plan.n_cgroups == 0)
        return;
    if (pids_are_small(planner))
        late_pids_row(planner);
    if (scope_is_held(planner))
        plan_scope_release(planner);
}
