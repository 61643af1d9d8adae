// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Namespaces: which come with the clone, which are joined, and in which order the kernel lets them.
 *
 * Three shapes:
 *   plain     every new namespace comes with clone3 (a new user namespace owns the others made by the same call).
 *   host's    namespaces owned by the host are joined before a new or joined user namespace is entered, as only the
 *             host's root may join them; what is new is made after it, so that the user namespace owns it.
 *   user's    an ordinary user enters the user namespace first: it gives the right to join the others, and to make a
 *             time namespace, which no clone makes.
 * The pid namespace is special: it holds for children only. Joined, or made after a user namespace was entered, init
 * sets it and goes on in a sibling. The parent must not clone into a joined one: until its exec the child would be seen
 * there with /proc/PID/exe being the runtime's own file, for whoever has CAP_SYS_PTRACE in it to open and write to.
 * A cgroup namespace remembers the cgroup of the moment, so init unshares it itself, after it has been moved.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan/namespace_values.h"
#include "plan/plan.h"
#include "sys/compat.h"

static const struct spec_namespace *find(const struct planner *planner, enum namespace_kind kind)
{
    const struct spec_linux *lin = planner->input->spec->linux_;

    for (size_t i = 0; i < lin->n_namespaces; i++)
        if (lin->namespaces[i].type == kind)
            return &lin->namespaces[i];
    return NULL;
}

const char *plan_namespace_path(const struct planner *planner, enum namespace_kind kind)
{
    const struct spec_namespace *namespace = find(planner, kind);

    return namespace && namespace->path && *namespace->path ? namespace->path : NULL;
}

static bool is_new(const struct planner *planner, unsigned flag)
{
    return planner->namespaces_new & flag;
}

static bool is_joined(const struct planner *planner, unsigned flag)
{
    return planner->namespaces_joined & flag;
}

static bool ordinary_user(const struct planner *planner)
{
    return host_is_ordinary(planner->input->host);
}

/* Root has the parent make it, before the clone: it is owned by the host then, and init is born in it. */
static bool init_makes_time(const struct planner *planner)
{
    return is_new(planner, CLONE_NEWTIME) && ordinary_user(planner);
}

/* Not everything can come with clone3: a user namespace is involved and others are joined. */
static bool in_steps(const struct planner *planner)
{
    unsigned others = planner->namespaces_joined & ~(unsigned) CLONE_NEWUSER;

    return is_joined(planner, CLONE_NEWUSER) || (is_new(planner, CLONE_NEWUSER) && others) || init_makes_time(planner);
}

/* ---- deciding ---- */

static void check_name(struct planner *planner, const char *field, const char *name)
{
    if (!name || !*name)
        return;
    if (!is_new(planner, CLONE_NEWUTS) && !is_joined(planner, CLONE_NEWUTS))
        plan_fail(planner, -EINVAL,
                  "%s \"%s\": unable to set it without a private UTS namespace "
                  "(add {\"type\": \"uts\"} to linux.namespaces)",
                  field, name);
    /* Whom an ordinary user could join is owned by a user namespace that is entered with it. */
    if (is_joined(planner, CLONE_NEWUTS) && is_new(planner, CLONE_NEWUSER) && !ordinary_user(planner))
        plan_fail(planner, -EPERM,
                  "%s \"%s\": the uts namespace is joined, and belongs to another user namespace than the new one, "
                  "where it cannot be set (join that user namespace too, or leave the %s out)",
                  field, name, field);
}

static void check_names(struct planner *planner)
{
    const struct spec *spec = planner->input->spec;

    check_name(planner, "hostname", spec->hostname);
    check_name(planner, "domainname", spec->domainname);
    if ((spec->linux_->boottime.set || spec->linux_->monotonic.set) && !is_new(planner, CLONE_NEWTIME))
        plan_fail(planner, -EINVAL,
                  "linux.timeOffsets: a new time namespace is needed "
                  "(add {\"type\": \"time\"} to linux.namespaces)");
    if (!is_new(planner, CLONE_NEWNS))
        plan_shared_mounts_check(planner);
}

static void check_maps(struct planner *planner)
{
    const struct spec_linux *lin = planner->input->spec->linux_;
    bool maps = lin->n_uid_mappings || lin->n_gid_mappings;

    if (maps && !planner->user_namespace)
        plan_fail(planner, -EINVAL,
                  "linux.uidMappings: there is no user namespace to map ids of "
                  "(add {\"type\": \"user\"} to linux.namespaces)");
    if (is_new(planner, CLONE_NEWUSER) && maps && (!lin->n_uid_mappings || !lin->n_gid_mappings))
        plan_fail(planner, -EINVAL, "linux.%s: missing, while the other map is given",
                  lin->n_uid_mappings ? "gidMappings" : "uidMappings");
}

static void check_host(struct planner *planner)
{
    const struct host *host = planner->input->host;

    if (host->proc_missing) {
        plan_fail(planner, -ENOTSUP,
                  "/proc is not mounted here, or is that of another pid namespace: no container can be made without it "
                  "(mount -t proc proc /proc)");
        return;
    }
    if (is_new(planner, CLONE_NEWTIME) && !host->time_namespace)
        plan_fail(planner, -ENOTSUP, "linux.namespaces: this kernel has no time namespaces");
    if (is_new(planner, CLONE_NEWCGROUP) && !host->cgroup_namespace)
        plan_fail(planner, -ENOTSUP, "linux.namespaces: this kernel has no cgroup namespaces");
}

/* The owner of a namespace lets in who has CAP_SYS_ADMIN in the owner's user namespace (setns(2)). In a new one of his an
 * ordinary user has it there alone: neither what the host owns nor what another container owns can be joined. */
static void check_joined(struct planner *planner)
{
    const struct spec_linux *lin = planner->input->spec->linux_;

    if (!ordinary_user(planner) || is_joined(planner, CLONE_NEWUSER))
        return;
    for (size_t i = 0; i < lin->n_namespaces; i++)
        if (lin->namespaces[i].path && *lin->namespaces[i].path)
            plan_fail(planner, -EPERM,
                      "linux.namespaces[%zu] %s \"%s\": an ordinary user joins it only with the user namespace that "
                      "owns it (add {\"type\": \"user\", \"path\": ...} of the same container; one of the host "
                      "takes root)",
                      i, namespace_kind_name(lin->namespaces[i].type), lin->namespaces[i].path);
}

void plan_namespaces_decide(struct planner *planner)
{
    const struct spec_linux *lin = planner->input->spec->linux_;

    for (size_t i = 0; i < lin->n_namespaces; i++) {
        unsigned flag = namespace_kind_flag(lin->namespaces[i].type);

        if (lin->namespaces[i].path && *lin->namespaces[i].path)
            planner->namespaces_joined |= flag;
        else
            planner->namespaces_new |= flag;
    }
    /* An ordinary user may make nothing without a user namespace: one is made by itself. */
    if (ordinary_user(planner) && !is_joined(planner, CLONE_NEWUSER))
        planner->namespaces_new |= CLONE_NEWUSER;
    planner->user_namespace = (planner->namespaces_new | planner->namespaces_joined) & CLONE_NEWUSER;
    check_names(planner);
    check_joined(planner);
    check_maps(planner);
    check_host(planner);
    plan_id_maps_decide(planner);
}

/* ---- before the clone ---- */

/* Nobody can look at a process through its time namespace; an ordinary user has no right to it outside. */
static bool parent_enters(const struct planner *planner, const struct spec_namespace *namespace)
{
    return namespace->type == NAMESPACE_TIME && !ordinary_user(planner);
}

static void open_joined(struct planner *planner)
{
    const struct spec_linux *lin = planner->input->spec->linux_;

    for (size_t i = 0; i < lin->n_namespaces; i++) {
        const struct spec_namespace *namespace = &lin->namespaces[i];
        const char *name = namespace_kind_name(namespace->type);
        struct op *op;

        if (!namespace->path || !*namespace->path)
            continue;
        if (parent_enters(planner, namespace)) {
            op = plan_add(planner, OP_TIME, SIDE_PARENT, "linux.namespaces[%zu] %s \"%s\"", i, name, namespace->path);
            op->time.path = plan_str(planner, namespace->path);
            continue;
        }
        op = plan_add(planner, OP_NAMESPACE, SIDE_PARENT, "linux.namespaces[%zu] %s \"%s\"", i, name, namespace->path);
        op->namespace.slot = planner->namespace_slots[namespace->type] = plan_slot(planner);
        op->namespace.path = plan_str(planner, namespace->path);
        op->namespace.kind = (int64_t) namespace->type;
        op->namespace.written =
            plan_str(planner, namespace_value(planner->input->spec, namespace->type, planner->arena));
    }
}

static op_str time_offsets(struct planner *planner)
{
    const struct spec_linux *lin = planner->input->spec->linux_;

    return plan_strf(planner, "monotonic %lld %u\nboottime %lld %u\n", (long long) lin->monotonic.secs,
                     lin->monotonic.nanosecs, (long long) lin->boottime.secs, lin->boottime.nanosecs);
}

static void add_time_offsets(struct planner *planner)
{
    struct op *op;

    if (!is_new(planner, CLONE_NEWTIME) || init_makes_time(planner))
        return;
    op = plan_add(planner, OP_TIME, SIDE_PARENT, "linux.timeOffsets");
    op->time.offsets = time_offsets(planner);
}

/* What clone3 makes at once. */
static unsigned clone_flags(const struct planner *planner)
{
    unsigned flags = planner->namespaces_new & ~(unsigned) (CLONE_NEWCGROUP | CLONE_NEWTIME);

    return in_steps(planner) ? 0 : flags;
}

void plan_namespaces_open(struct planner *planner)
{
    struct op *op;

    open_joined(planner);
    add_time_offsets(planner);
    op = plan_add(planner, OP_CLONE, SIDE_PARENT, "container process");
    op->clone.flags = clone_flags(planner);
    op->clone.hierarchy = plan_cgroup_clone_hierarchy(planner);
}

/* ---- after the clone ---- */

void plan_namespaces_maps(struct planner *planner)
{
    if (is_new(planner, CLONE_NEWUSER) && !in_steps(planner))
        plan_id_maps(planner);
}

static void add_sync(struct planner *planner, enum sync_mode mode, const char *what)
{
    struct op *op = plan_add(planner, OP_SYNC, SIDE_BOTH, "%s", what);

    op->sync.mode = mode;
}

static void add_setns(struct planner *planner, enum namespace_kind kind)
{
    const struct spec_namespace *namespace = find(planner, kind);
    struct op *op;

    if (!namespace || !namespace->path || !*namespace->path || parent_enters(planner, namespace))
        return;
    op = plan_add(planner, OP_SETNS, SIDE_INIT, "linux.namespaces[%zu] %s \"%s\"",
                  (size_t) (namespace - planner->input->spec->linux_->namespaces), namespace_kind_name(kind),
                  namespace->path);
    op->setns.fd = planner->namespace_slots[kind];
    op->setns.type = namespace_kind_flag(kind);
}

static void add_setns_others(struct planner *planner)
{
    for (int kind = 0; kind < N_NAMESPACE_KINDS; kind++)
        if (kind != NAMESPACE_USER)
            add_setns(planner, (enum namespace_kind) kind);
}

static void add_unshare(struct planner *planner, unsigned flags, const char *what)
{
    if (flags)
        plan_add(planner, OP_UNSHARE, SIDE_INIT, "%s", what)->unshare.flags = flags;
}

void plan_refork(struct planner *planner, unsigned flags, const char *what)
{
    enum op_side side = planner->report == SLOT_NONE ? SIDE_INIT : SIDE_BOTH;
    struct op *op = plan_add(planner, OP_REFORK, side, "%s", what);

    op->refork.flags = flags;
    op->refork.report = planner->report;
    op->refork.go = planner->go;
}

/* Make a user namespace from inside init: the parent writes the maps while init waits. */
static void add_user_step(struct planner *planner)
{
    add_unshare(planner, CLONE_NEWUSER, "user namespace");
    add_sync(planner, SYNC_PARENT_WAITS, "the user namespace is made");
    plan_id_maps(planner);
    add_sync(planner, SYNC_INIT_WAITS, "ids are mapped");
}

static void add_time_step(struct planner *planner)
{
    struct op *op;

    if (!init_makes_time(planner))
        return;
    op = plan_add(planner, OP_TIME_NEW, SIDE_INIT, "linux.timeOffsets");
    op->time_new.offsets = time_offsets(planner);
}

/* Who is to be in a new time namespace, or in another pid namespace, must be born there. */
static bool must_refork(const struct planner *planner)
{
    return init_makes_time(planner) || ((planner->namespaces_new | planner->namespaces_joined) & CLONE_NEWPID);
}

static bool may_clear_groups(const struct planner *planner)
{
    return !planner->groups_denied && !spec_annotation_is_on(planner->input->spec, "run.oci.keep_original_groups");
}

/* In the joined one setgroups(2) may be denied, and the caller's groups, root's on the host, would stay the container's. */
static void clear_groups(struct planner *planner)
{
    if (!may_clear_groups(planner) || !host_may(planner->input->host, HOST_CAP_SETGID))
        return;
    plan_add(planner, OP_GROUPS, SIDE_INIT, "groups of the runtime");
    planner->groups_cleared = true;
}

/* The steps of the "host's" and "user's" shapes. */
static void enter_in_steps(struct planner *planner)
{
    unsigned flags = planner->namespaces_new & ~(unsigned) (CLONE_NEWUSER | CLONE_NEWCGROUP | CLONE_NEWTIME);

    if (!ordinary_user(planner))
        add_setns_others(planner);
    if (is_joined(planner, CLONE_NEWUSER)) {
        if (!ordinary_user(planner))
            clear_groups(planner);
        add_setns(planner, NAMESPACE_USER);
    } else {
        add_user_step(planner);
    }
    if (ordinary_user(planner))
        add_setns_others(planner);
    add_time_step(planner);
    if (must_refork(planner))
        plan_refork(planner, flags, "pid namespace");
    else
        add_unshare(planner, flags, "namespaces");
}

/* Whether a real-time process may exist is for its cgroup to say, and one that is real-time already may not enter it. */
static bool has_scheduler(const struct planner *planner)
{
    return planner->input->spec->process && planner->input->spec->process->scheduler;
}

/* Init must stand in its cgroup, and its ids be mapped, before it goes on. */
static bool waits_for_parent(const struct planner *planner)
{
    return has_scheduler(planner) || is_new(planner, CLONE_NEWUSER) || in_steps(planner) ||
           is_joined(planner, CLONE_NEWPID) || (is_new(planner, CLONE_NEWCGROUP) && planner->plan.n_cgroups > 0);
}

/* Whether there is a root to become. What a joined user namespace maps is seen in there only. */
static bool has_root(const struct planner_map *map)
{
    return map->n > 0 && plan_id_is_mapped(map, 0);
}

void plan_become_root(struct planner *planner)
{
    const struct spec_process *process = planner->input->spec->process;
    struct op *op;

    if (!planner->user_namespace)
        return;
    op = plan_add(planner, OP_BECOME_ROOT, SIDE_INIT, "root of the user namespace");
    op->become_root.uid = process && !has_root(&planner->uids) ? process->uid : 0;
    op->become_root.gid = process && !has_root(&planner->gids) ? process->gid : 0;
    op->become_root.groups = may_clear_groups(planner) && !planner->groups_cleared;
    op->become_root.may_be_denied = op->become_root.groups && planner->groups_may_be_denied;
}

void plan_namespaces_enter(struct planner *planner)
{
    if (waits_for_parent(planner))
        add_sync(planner, SYNC_INIT_WAITS, "cgroups are joined, ids are mapped");
    if (in_steps(planner)) {
        enter_in_steps(planner);
    } else {
        add_setns_others(planner);
        if (is_joined(planner, CLONE_NEWPID))
            plan_refork(planner, 0, "pid namespace");
    }
    if (is_joined(planner, CLONE_NEWUSER))
        plan_id_maps_joined(planner);
    plan_become_root(planner);
    if (is_new(planner, CLONE_NEWCGROUP))
        add_unshare(planner, CLONE_NEWCGROUP, "cgroup namespace");
}
