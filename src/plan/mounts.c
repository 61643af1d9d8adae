// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * mounts[] → rows, in the order of the document. What is decided here: bind or new file system, what a `cgroup`
 * mount becomes on this host's layout, which targets must be plain directories, and who opens a source: init
 * itself, or the parent where the container's user namespace could not reach it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "plan/idmap_option.h"
#include "plan/mount_options.h"
#include "plan/plan.h"
#include "plan/proc_mounts.h"
#include "plan/stand_ins.h"
#include "sys/compat.h"

enum { TREES_AT_ONCE = 16, TREE_SENT = -2 };

struct mount_plan {
    struct planner *planner;
    const struct spec_mount *mount;
    size_t index;
    struct mount_options options;
    const char *target; /* absolute */
    enum proc_place proc;
    bool plain_target; /* /proc or /sys: a directory of the image, never a link */
};

static struct op *add(const struct mount_plan *m, enum op_kind kind)
{
    return plan_add(m->planner, kind, SIDE_INIT, "mounts[%zu] \"%s\"", m->index, m->target);
}

static bool is_type(const struct mount_plan *m, const char *type)
{
    return m->mount->type && strcmp(m->mount->type, type) == 0;
}

static bool is_bind(const struct mount_plan *m)
{
    return m->options.bind || is_type(m, "bind") || is_type(m, "rbind");
}

static bool is_mapped(const struct mount_plan *m)
{
    return m->options.idmap || m->mount->n_uid_mappings || m->mount->n_gid_mappings;
}

static bool has_data(const struct mount_plan *m, const char *prefix)
{
    for (size_t i = 0; i < m->options.n_data; i++)
        if (strncmp(m->options.data[i], prefix, strlen(prefix)) == 0)
            return true;
    return false;
}

static void add_propagation(const struct mount_plan *m, unsigned flags)
{
    struct op *op;

    if (!flags)
        return;
    op = add(m, OP_PROPAGATE);
    op->propagate.target = plan_str(m->planner, m->target);
    op->propagate.flags = flags;
}

static void add_remount(const struct mount_plan *m, const char *target, uint64_t set, uint64_t clear, bool recursive)
{
    struct op *op;

    if (!set && !clear)
        return;
    op = add(m, OP_REMOUNT);
    op->remount.target = plan_str(m->planner, target);
    op->remount.set = (int64_t) set;
    op->remount.clear = (int64_t) clear;
    op->remount.recursive = recursive;
}

static void add_reconfigure(const struct mount_plan *m)
{
    struct op *op = add(m, OP_REMOUNT);

    op->remount.target = plan_str(m->planner, m->target);
    op->remount.options = plan_list(m->planner, m->options.data, m->options.n_data);
    op->remount.set = (int64_t) m->options.set;
    op->remount.clear = (int64_t) m->options.clear;
}

/* Options that come to nothing: who wrote "RO" may believe that the mount is read-only. Not an error, for the old
 * runtimes hand them to a kernel that looks at none of them. WHERE: "on a bind mount". */
static void warn_of_options(const struct mount_plan *m, const char *const *options, size_t n, const char *where)
{
    const char *list = "";

    for (size_t i = 0; i < n && list; i++)
        list = arena_printf(m->planner->arena, "%s%s\"%s\"", list, i ? ", " : "", options[i]);
    if (n && list)
        plan_warn(m->planner, "mounts[%zu] \"%s\": %s %s no effect%s", m->index, m->target, list,
                  n == 1 ? "has" : "have", where);
}

static void warn_of_data(const struct mount_plan *m, const char *where)
{
    warn_of_options(m, m->options.data, m->options.n_data, where);
}

static void warn_of_unused(const struct mount_plan *m)
{
    static const char *const copy_up = "tmpcopyup";

    warn_of_options(m, m->options.unused, m->options.n_unused, "");
    if (m->options.copy_up && !is_type(m, "tmpfs"))
        warn_of_options(m, &copy_up, 1, ", it is for a tmpfs");
}

/* ---- bind mounts ---- */

static const char *bind_source(const struct mount_plan *m)
{
    const char *source = m->mount->source;

    if (!source || !*source) {
        plan_fail(m->planner, -EINVAL, "mounts[%zu] \"%s\": a bind mount needs a source", m->index, m->target);
        return "/";
    }
    if (source[0] == '/')
        return source;
    return arena_printf(m->planner->arena, "%s/%s", m->planner->input->bundle, source);
}

/* `mounts add`: init enters a container that runs, and the host is out of its sight. */
static bool is_running(const struct planner *planner)
{
    return planner->input->target;
}

/* linux.rootfsPropagation "shared": what is mounted in the container on a bind of a shared mount appears on the host too.
 * Init sees slaves only, so that nothing else can get out; the parent opens these out here. The kernel does not let the
 * mounts of a user namespace out at all, and a tree with mapped ids stays what it is. */
static bool is_two_way(const struct mount_plan *m)
{
    const struct planner *planner = m->planner;
    const char *propagation = planner->input->spec->linux_->rootfs_propagation;

    if (!propagation || (strcmp(propagation, "shared") != 0 && strcmp(propagation, "rshared") != 0))
        return false;
    return !planner->user_namespace && !host_is_ordinary(planner->input->host) && !is_mapped(m) &&
           (m->options.propagation & ~(unsigned) (MS_REC | MS_SHARED)) == 0;
}

/* In the container's user namespace init may not reach what only the host's root can read. */
static bool parent_opens_sources(const struct planner *planner)
{
    return is_running(planner) || (planner->user_namespace && host_opens_trees(planner->input->host));
}

/* Slots of trees are given in the order of the bind mounts, by plan_mount_sources. */
static op_slot tree_slot(const struct mount_plan *m)
{
    return m->planner->mount_trees ? m->planner->mount_trees[m->index] : SLOT_NONE;
}

static unsigned bind_flags(const struct mount_plan *m)
{
    const struct mount_options *options = &m->options;

    return (options->recursive_bind ? BIND_RECURSIVE : 0u) | (options->target_no_follow ? BIND_NO_FOLLOW : 0u) |
           (options->source_no_follow ? BIND_SOURCE_NO_FOLLOW : 0u) | (options->copy_symlink ? BIND_COPY_SYMLINK : 0u) |
           (m->plain_target ? BIND_PLAIN_DIR : 0u) | (m->proc == PROC_ITSELF ? BIND_OVER_PROC : 0u) |
           (m->proc == PROC_COVERABLE ? BIND_PROC_FILE : 0u);
}

static void add_tree(struct mount_plan *m, op_slot slot);

static void add_bind(struct mount_plan *m, const char *source, const char *target)
{
    const struct mount_options *o = &m->options;
    bool sent = tree_slot(m) == TREE_SENT;
    struct op *op;

    if (sent)
        add_tree(m, SLOT_NONE);
    op = add(m, OP_BIND);
    op->bind.source = plan_str(m->planner, source);
    op->bind.tree = sent ? SLOT_NONE : tree_slot(m);
    op->bind.target = plan_str(m->planner, target);
    op->bind.set = (int64_t) o->set;
    op->bind.clear = (int64_t) o->clear;
    op->bind.reset = (int64_t) o->reset;
    op->bind.rset = (int64_t) o->recursive_set;
    op->bind.rclear = (int64_t) o->recursive_clear;
    op->bind.flags = bind_flags(m) | (sent ? (unsigned) BIND_TREE_SENT : 0);
}

/* runc: when any flag is given, those that are not listed are reset, except for what another user namespace has locked. */
static void runc_reset(struct mount_options *o)
{
    uint64_t all = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

    if (o->set || o->clear)
        o->reset = all & ~(o->set | o->clear);
}

/* ---- new file systems ---- */

/* What is named in the options of an overlay or an ext4 (directories, a device) is the host's: such a file system for a
 * container that runs is made by the parent. These show a namespace that the maker is in, or belong to its user. */
static bool is_made_inside(const char *type)
{
    static const char *const types[] = { "proc", "sysfs", "mqueue", "devpts", "tmpfs", "ramfs", "cgroup", "cgroup2" };

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(type, types[i]) == 0)
            return true;
    return false;
}

static bool is_made_outside(const struct mount_plan *m)
{
    return is_running(m->planner) && m->mount->type && *m->mount->type && !is_made_inside(m->mount->type);
}

static void add_mount(const struct mount_plan *m, const char *type, const char *source, const char *const *data,
                      size_t n_data, const char *target, uint64_t attr, unsigned flags)
{
    struct op *op = add(m, OP_MOUNT);

    op->mount.type = plan_str(m->planner, type);
    op->mount.source = plan_str(m->planner, source);
    op->mount.options = plan_list(m->planner, data, n_data);
    op->mount.attr = (int64_t) attr;
    op->mount.target = plan_str(m->planner, target);
    op->mount.flags = flags;
}

/* Which ids a user namespace that is joined maps, or that the runtime is in, only the kernel says. */
static bool has_doubtful_owner(const struct mount_plan *m)
{
    const struct planner *planner = m->planner;
    bool joined = planner->namespaces_joined & CLONE_NEWUSER;

    if (!is_type(m, "devpts") || (!has_data(m, "gid=") && !has_data(m, "uid=")))
        return false;
    return joined || (planner->input->host->in_user_namespace && !planner->user_namespace);
}

static unsigned file_system_flags(const struct mount_plan *m)
{
    const struct mount_options *o = &m->options;
    bool tmpfs = is_type(m, "tmpfs");

    return (o->target_no_follow ? MOUNT_NO_FOLLOW : 0u) | (o->copy_up && tmpfs ? MOUNT_COPY_UP : 0u) |
           (m->plain_target || is_type(m, "proc") || is_type(m, "sysfs") ? MOUNT_PLAIN_DIR : 0u) |
           (tmpfs && !has_data(m, "mode=") ? MOUNT_KEEP_MODE : 0u) |
           (has_doubtful_owner(m) ? MOUNT_OWNER_IF_MAPPED : 0u);
}

/* Devices, links and the mounts below are still to be made in a read-only /dev: it becomes so afterwards. */
static bool is_late_readonly(const struct mount_plan *m)
{
    return strcmp(m->target, "/dev") == 0 && is_type(m, "tmpfs") && (m->options.set & MOUNT_ATTR_RDONLY);
}

/* What is beneath a read-only tmpfs is copied into it before it becomes so. */
static bool is_filled(const struct mount_plan *m)
{
    return m->options.copy_up && is_type(m, "tmpfs");
}

static uint64_t first_attributes(const struct mount_plan *m)
{
    return is_late_readonly(m) || is_filled(m) ? m->options.set & ~(uint64_t) MOUNT_ATTR_RDONLY : m->options.set;
}

/* The host's, in the place of what would be refused. */
static void bind_stand_in(const struct mount_plan *m, const struct stand_in *stand_in)
{
    uint64_t attributes = m->options.set | stand_in->attributes;
    struct op *op = add(m, OP_BIND);

    op->bind.source = plan_str(m->planner, stand_in->source);
    op->bind.tree = SLOT_NONE;
    op->bind.target = plan_str(m->planner, m->target);
    op->bind.rset = (int64_t) attributes;
    warn_of_data(m, " where the host's is bound");
    op->bind.flags = BIND_RECURSIVE | BIND_PLAIN_DIR | (m->proc == PROC_ITSELF ? BIND_OVER_PROC : 0u);
    plan_note(m->planner, "mounts[%zu] \"%s\": %s, the host's \"%s\" is bound%s", m->index, m->target, stand_in->why,
              stand_in->source, attributes & MOUNT_ATTR_RDONLY ? " read-only" : "");
}

/* devpts refuses an owner that the user namespace does not map; then its default, the one who mounts it, must do. */
static bool is_unmapped_owner(const struct mount_plan *m, const char *option)
{
    const struct planner *planner = m->planner;
    bool user = strncmp(option, "uid=", 4) == 0;

    if (!is_type(m, "devpts") || (!user && strncmp(option, "gid=", 4) != 0))
        return false;
    return !plan_id_is_mapped(user ? &planner->uids : &planner->gids, (uint32_t) strtoul(option + 4, NULL, 10));
}

static bool is_owner(const char *option)
{
    return strncmp(option, "uid=", 4) == 0 || strncmp(option, "gid=", 4) == 0;
}

/* tmpfs has its owner from nobody else. */
static void check_owner(const struct mount_plan *m, const char *option)
{
    const char *what =
        is_type(m, "tmpfs") && is_owner(option)
            ? arena_printf(m->planner->arena, "mounts[%zu] \"%s\": \"%s\": ", m->index, m->target, option)
            : NULL;

    if (what && option[0] == 'u')
        plan_check_uid(m->planner, what, (uint32_t) strtoul(option + 4, NULL, 10), "");
    else if (what)
        plan_check_gid(m->planner, what, (uint32_t) strtoul(option + 4, NULL, 10), "");
}

static void drop_unmapped_owners(struct mount_plan *m)
{
    size_t n = 0;

    for (size_t i = 0; i < m->options.n_data; i++)
        check_owner(m, m->options.data[i]);

    for (size_t i = 0; i < m->options.n_data; i++) {
        if (is_unmapped_owner(m, m->options.data[i]))
            plan_note(m->planner, "mounts[%zu] \"%s\": \"%s\" is left out, the id is not mapped in the user namespace",
                      m->index, m->target, m->options.data[i]);
        else
            m->options.data[n++] = m->options.data[i];
    }
    m->options.n_data = n;
    for (size_t i = 0; i < n && has_doubtful_owner(m); i++)
        if (is_owner(m->options.data[i]))
            plan_note(m->planner, "mounts[%zu] \"%s\": \"%s\" is left out where the user namespace does not map the id",
                      m->index, m->target, m->options.data[i]);
}

/* ---- SELinux: linux.mountLabel for what can hold one ---- */

static const char *context_type(struct planner *planner)
{
    static const char *const types[] = { "context", "fscontext", "defcontext", "rootcontext", NULL };
    const char *wanted = spec_annotation(planner->input->spec, "run.oci.mount_context_type");

    if (!wanted)
        return types[0];
    for (const char *const *type = types; *type; type++)
        if (strcmp(*type, wanted) == 0)
            return *type;
    plan_fail(planner, -EINVAL,
              "annotations[\"run.oci.mount_context_type\"]: expected context, fscontext, defcontext or rootcontext, "
              "found \"%s\"",
              wanted);
    return types[0];
}

/* The kernel labels what lies in these by itself. */
static bool labels_itself(const struct mount_plan *m)
{
    return is_type(m, "proc") || is_type(m, "sysfs");
}

static void add_label(struct mount_plan *m)
{
    const char *label = m->planner->input->spec->linux_->mount_label, *type = context_type(m->planner);

    if (!label || !*label || !m->planner->input->host->selinux || labels_itself(m) || has_data(m, "context=") ||
        has_data(m, "fscontext=") || has_data(m, "defcontext=") || has_data(m, "rootcontext="))
        return;
    m->options.data[m->options.n_data++] = arena_printf(m->planner->arena, "%s=%s", type, label);
}

static void refuse_stand_in(const struct mount_plan *m, const char *why)
{
    plan_fail(m->planner, -EINVAL, "mounts[%zu] \"%s\": %s, and nothing of the host stands in for it while it runs",
              m->index, m->target, why);
}

/* What shows a namespace, and by which its mounts are told. */
static const struct {
    const char *type;
    unsigned flag;
    const char *kind;
} views[] = {
    {"proc",    CLONE_NEWPID,    "pid"   },
    { "mqueue", CLONE_NEWIPC,    "ipc"   },
    { "cgroup", CLONE_NEWCGROUP, "cgroup"},
};

/* The kernel gives a new mount of these to the user namespace that owns what they show. Sysfs has a stand-in, and so has
 * mqueue where no namespace is joined. */
static bool is_anothers(const struct mount_plan *m)
{
    const struct planner *planner = m->planner;

    /* Whom an ordinary user could join is owned by a user namespace that is entered with it. */
    if (!(planner->namespaces_new & CLONE_NEWUSER) || host_is_ordinary(planner->input->host))
        return false;
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        if (!is_type(m, views[i].type) || !(planner->namespaces_joined & views[i].flag))
            continue;
        plan_fail(m->planner, -EPERM,
                  "mounts[%zu] \"%s\": the %s namespace is joined, and belongs to another user namespace than the new "
                  "one, where a %s of it cannot be mounted (join that user namespace too, or leave the mount out)",
                  m->index, m->target, views[i].kind, views[i].type);
        return true;
    }
    return false;
}

/* The directories of "lowerdir=a:b" or of one "lowerdir+=a". */
static size_t lower_directories(const char *option)
{
    size_t n = 1;

    if (strncmp(option, "lowerdir+=", 10) == 0)
        return 1;
    if (strncmp(option, "lowerdir=", 9) != 0)
        return 0;
    for (const char *c = option; *c; c++) {
        n += *c == ':';
        c += *c == '\\' && c[1];
    }
    return n;
}

/* The kernel's "invalid argument" says so in its own log alone. */
static void check_overlay(const struct mount_plan *m)
{
    size_t n = 0;

    if (!is_type(m, "overlay") || has_data(m, "upperdir="))
        return;
    for (size_t i = 0; i < m->options.n_data; i++)
        n += lower_directories(m->options.data[i]);
    if (n == 1)
        plan_fail(m->planner, -EINVAL,
                  "mounts[%zu] \"%s\": an overlay without upperdir needs two directories in lowerdir (for one alone: a "
                  "bind mount with \"ro\")",
                  m->index, m->target);
}

static void plan_file_system(struct mount_plan *m)
{
    unsigned flags = file_system_flags(m);
    const char *source = m->mount->source ? m->mount->source : m->mount->type;
    const char *type = m->mount->type;
    const struct stand_in *stand_in = stand_in_for(m->planner, type);

    if (!type || !*type) {
        plan_fail(m->planner, -EINVAL, "mounts[%zu] \"%s\": neither a type nor a bind option is given", m->index,
                  m->target);
        return;
    }
    if (is_anothers(m))
        return;
    if (stand_in && stand_in_is_certain(m->planner, stand_in)) {
        if (is_running(m->planner))
            refuse_stand_in(m, stand_in->why);
        else if (is_type(m, "mqueue") && m->planner->input->host->mqueue_missing)
            plan_note(m->planner, "mounts[%zu] \"%s\": %s, and the host has no \"%s\": it is left out", m->index,
                      m->target, stand_in->why, stand_in->source);
        else
            bind_stand_in(m, stand_in);
        return;
    }
    if (stand_in && !is_running(m->planner)) {
        source = stand_in->source;
        flags |= MOUNT_FALLBACK_BIND;
        if (!m->planner->user_namespace)
            plan_note(m->planner, "mounts[%zu] \"%s\": %s; if it is refused, the host's \"%s\" is bound", m->index,
                      m->target, stand_in->why, source);
    }
    drop_unmapped_owners(m);
    add_label(m);
    add_mount(m, type, source, m->options.data, m->options.n_data, m->target, first_attributes(m), flags);
    if (is_filled(m) && !is_late_readonly(m))
        add_remount(m, m->target, m->options.set & MOUNT_ATTR_RDONLY, 0, false);
    add_remount(m, m->target, m->options.recursive_set, m->options.recursive_clear, true);
}

/* ---- type cgroup: the container's own view ---- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static bool cgroup_namespace(const struct planner *planner)
{
    return (planner->namespaces_new | planner->namespaces_joined) & CLONE_NEWCGROUP;
}

static const struct cgroup_dir *own_cgroup(const struct planner *planner, const struct cgroup_hierarchy *hierarchy)
{
    for (size_t i = 0; i < planner->plan.n_cgroups; i++)
        if (strcmp(planner->plan.cgroups[i].mount, hierarchy->mount_point) == 0)
            return &planner->plan.cgroups[i];
    return NULL;
}

/* Without a cgroup namespace the container's own directory is bound, for a new mount would show the whole host's. */
static bool add_own_cgroup(const struct mount_plan *m, const char *mount_point, const struct cgroup_dir *own,
                           const char *target)
{
    struct op *op;

    if (cgroup_namespace(m->planner))
        return false;
    op = add(m, OP_BIND);
    op->bind.source = plan_strf(m->planner, "%s%s", mount_point, own ? own->path : "");
    op->bind.tree = SLOT_NONE;
    op->bind.target = plan_str(m->planner, target);
    op->bind.set = (int64_t) (m->options.set | (own ? 0 : MOUNT_ATTR_RDONLY));
    if (!own)
        plan_note(m->planner,
                  "mounts[%zu] \"%s\": no cgroup of its own and no cgroup namespace, \"%s\" is bound "
                  "read-only",
                  m->index, m->target, mount_point);
    return true;
}

static void add_cgroup2(const struct mount_plan *m, const struct cgroup_hierarchy *hierarchy, const char *target)
{
    bool nested = m->planner->user_namespace || m->planner->input->host->in_user_namespace;
    bool fallback = nested && !is_running(m->planner);

    if (add_own_cgroup(m, hierarchy->mount_point, own_cgroup(m->planner, hierarchy), target))
        return;
    add_mount(m, "cgroup2", fallback ? hierarchy->mount_point : "cgroup2", NULL, 0, target, m->options.set,
              MOUNT_CGROUP | MOUNT_PLAIN_DIR | (fallback ? (unsigned) MOUNT_FALLBACK_BIND : 0));
}

/* One v1 hierarchy: mounted anew inside a cgroup namespace. */
static void add_cgroup1(const struct mount_plan *m, const struct cgroup_hierarchy *hierarchy, const char *target)
{
    const char *data[] = { hierarchy->controllers };

    if (!add_own_cgroup(m, hierarchy->mount_point, own_cgroup(m->planner, hierarchy), target))
        add_mount(m, "cgroup", "cgroup", data, 1, target, m->options.set, MOUNT_CGROUP);
}

/* Co-mounted controllers ("cpu,cpuacct") are also reached by their single names. */
static void add_controller_links(const struct mount_plan *m, const struct cgroup_hierarchy *hierarchy)
{
    const char *name = base_name(hierarchy->mount_point), *rest = hierarchy->controllers;

    if (!strchr(rest, ',') || strncmp(rest, "name=", 5) == 0)
        return;
    while (*rest) {
        size_t length = strcspn(rest, ",");

        if (strlen(name) != length || strncmp(name, rest, length) != 0) {
            struct op *op = add(m, OP_SYMLINK);

            op->symlink.target = plan_str(m->planner, name);
            op->symlink.path = plan_strf(m->planner, "%s/%.*s", m->target, (int) length, rest);
        }
        rest += length + (rest[length] == ',');
    }
}

static void plan_cgroup1_mounts(const struct mount_plan *m)
{
    static const char *const data[] = { "mode=755" };
    const struct host_cgroup *cgroup = &m->planner->input->host->cgroup;

    add_mount(m, "tmpfs", "tmpfs", data, 1, m->target, m->options.set & ~(uint64_t) MOUNT_ATTR_RDONLY,
              MOUNT_CGROUP | MOUNT_PLAIN_DIR);
    for (size_t i = 0; i < cgroup->n_hierarchies; i++) {
        const struct cgroup_hierarchy *hierarchy = &cgroup->hierarchies[i];
        const char *target = arena_printf(m->planner->arena, "%s/%s", m->target, base_name(hierarchy->mount_point));

        if (hierarchy->v2)
            add_cgroup2(m, hierarchy, target);
        else
            add_cgroup1(m, hierarchy, target);
        add_controller_links(m, hierarchy);
    }
    add_remount(m, m->target, m->options.set & MOUNT_ATTR_RDONLY, 0, false);
}

static void plan_cgroup_mount(struct mount_plan *m)
{
    const struct host_cgroup *cgroup = &m->planner->input->host->cgroup;

    if (is_running(m->planner) && !cgroup_namespace(m->planner)) {
        refuse_stand_in(m, "a view of cgroups needs a cgroup namespace of the container's own");
        return;
    }
    switch (cgroup->layout) {
    case CGROUP_LAYOUT_NONE:
        plan_note(m->planner, "mounts[%zu] \"%s\": no cgroup file system is mounted on this host, passed over",
                  m->index, m->target);
        m->options.propagation = 0; /* of a mount that is not made */
        break;
    case CGROUP_LAYOUT_V2:
        add_cgroup2(m, &cgroup->hierarchies[0], m->target);
        break;
    case CGROUP_LAYOUT_V1:
    case CGROUP_LAYOUT_HYBRID:
        if (!is_anothers(m))
            plan_cgroup1_mounts(m);
        break;
    }
}

/* ---- id-mapped mounts ---- */

/* The kernel's map lines; the first number is the id in the file system, as mount_setattr(2) takes them. */
static const char *map_text(const struct mount_plan *m, const struct id_map *maps, size_t n)
{
    char *text = arena_alloc(m->planner->arena, n + 1, 40);
    size_t used = 0;

    for (size_t i = 0; text && i < n; i++)
        used += (size_t) sprintf(text + used, "%u %u %u\n", maps[i].container_id, maps[i].host_id, maps[i].size);
    return text ? text : "";
}

static void add_option_maps(const struct mount_plan *m, struct op *open)
{
    const struct spec_linux *lin = m->planner->input->spec->linux_;
    const char *where = arena_printf(m->planner->arena, "mounts[%zu] \"%s\"", m->index, m->target);
    const char *ranges = m->options.idmap_ranges;

    open->open.uids = plan_str(
        m->planner, idmap_option_lines(m->planner, where, ranges, "uids", lin->uid_mappings, lin->n_uid_mappings));
    open->open.gids = plan_str(
        m->planner, idmap_option_lines(m->planner, where, ranges, "gids", lin->gid_mappings, lin->n_gid_mappings));
}

static void check_ranges(const struct mount_plan *m)
{
    const struct spec_mount *mount = m->mount;

    plan_id_ranges_check(m->planner, arena_printf(m->planner->arena, "mounts[%zu].uidMappings", m->index),
                         mount->uid_mappings, mount->n_uid_mappings);
    plan_id_ranges_check(m->planner, arena_printf(m->planner->arena, "mounts[%zu].gidMappings", m->index),
                         mount->gid_mappings, mount->n_gid_mappings);
}

static bool check_maps(const struct mount_plan *m)
{
    const struct spec_mount *mount = m->mount;

    if (mount->n_uid_mappings && mount->n_gid_mappings)
        return true;
    plan_fail(m->planner, -EINVAL, "mounts[%zu] \"%s\": %s missing, while the other map is given", m->index, m->target,
              mount->n_uid_mappings ? "gidMappings" : "uidMappings");
    return false;
}

/* Those of the container's user namespace, whose file alone is known where it is joined. */
static void add_container_maps(const struct mount_plan *m, struct op *open)
{
    const struct planner *planner = m->planner;
    const struct spec_linux *lin = planner->input->spec->linux_;
    const char *joined = plan_namespace_path(planner, NAMESPACE_USER);

    if (lin->n_uid_mappings && lin->n_gid_mappings) {
        open->open.uids = plan_str(m->planner, map_text(m, lin->uid_mappings, lin->n_uid_mappings));
        open->open.gids = plan_str(m->planner, map_text(m, lin->gid_mappings, lin->n_gid_mappings));
    } else if (planner->uids.n && planner->gids.n) {
        open->open.uids = plan_str(m->planner, map_text(m, planner->uids.maps, planner->uids.n));
        open->open.gids = plan_str(m->planner, map_text(m, planner->gids.maps, planner->gids.n));
    } else if (joined) {
        open->open.user = plan_str(m->planner, joined);
    } else {
        plan_fail(m->planner, -EINVAL,
                  "mounts[%zu] \"%s\": idmap needs uidMappings and gidMappings of the mount, or a user namespace",
                  m->index, m->target);
    }
}

/* Maps of the option, of the mount itself, or (option idmap without any) those of the container's user namespace. */
static void add_maps(const struct mount_plan *m, struct op *open)
{
    const struct spec_mount *mount = m->mount;

    open->open.recursive = m->options.recursive_idmap;
    if (m->options.idmap_ranges) {
        add_option_maps(m, open);
    } else if (!mount->n_uid_mappings && !mount->n_gid_mappings) {
        add_container_maps(m, open);
    } else if (check_maps(m)) {
        check_ranges(m);
        open->open.uids = plan_str(m->planner, map_text(m, mount->uid_mappings, mount->n_uid_mappings));
        open->open.gids = plan_str(m->planner, map_text(m, mount->gid_mappings, mount->n_gid_mappings));
    }
}

/* ---- the list ---- */

/* With "bind" the mount alone changes, otherwise its file system as well, wherever that is mounted too: mount(2). */
static void plan_remount(const struct mount_plan *m)
{
    const struct mount_options *o = &m->options;

    if (o->bind)
        warn_of_data(m, " on a remount of a bind mount, which changes flags alone");
    else if (o->n_data)
        add_reconfigure(m);
    if (o->bind || !o->n_data)
        add_remount(m, m->target, o->set, o->clear, false);
    add_remount(m, m->target, o->recursive_set, o->recursive_clear, true);
}

/* A bind mount on /proc itself shows a procfs, or it is refused by crun-init, which has the source. */
static void check_proc(const struct mount_plan *m)
{
    if (m->options.remount)
        return;
    if (m->proc == PROC_INSIDE)
        plan_fail(m->planner, -EPERM,
                  "mounts[%zu] \"%s\": cannot be mounted because it is inside /proc (only files like /proc/cpuinfo "
                  "may be covered)",
                  m->index, m->target);
    else if (m->proc == PROC_ITSELF && !is_bind(m) && !is_type(m, "proc"))
        plan_fail(m->planner, -EPERM, "mounts[%zu] \"%s\": expected type \"proc\", found \"%s\"", m->index, m->target,
                  m->mount->type ? m->mount->type : "");
}

static void plan_mount(struct mount_plan *m)
{
    struct mount_options *o = &m->options;

    check_proc(m);
    if (!m->options.remount)
        check_overlay(m);
    warn_of_unused(m);
    if (is_mapped(m) && !is_bind(m))
        plan_fail(m->planner, -EINVAL, "mounts[%zu] \"%s\": only bind mounts can be id-mapped", m->index, m->target);
    if (is_type(m, "rbind"))
        o->recursive_bind = true;
    if (o->remount) {
        plan_remount(m);
    } else if (is_bind(m)) {
        if (m->planner->input->as_runc)
            runc_reset(o);
        warn_of_data(m, " on a bind mount");
        add_bind(m, bind_source(m), m->target);
    } else if (is_made_outside(m)) {
        add_bind(m, m->mount->type, m->target);
    } else if (is_type(m, "cgroup") || is_type(m, "cgroup2")) {
        warn_of_data(m, " on the container's view of cgroups");
        plan_cgroup_mount(m);
    } else {
        plan_file_system(m);
    }
    add_propagation(m, o->propagation);
}

static void mount_plan_init(struct mount_plan *m, struct planner *planner, size_t index)
{
    const struct spec_mount *mount = &planner->input->spec->mounts[index];
    const char *target = mount->destination, *clean;

    *m = (struct mount_plan){ .planner = planner, .mount = mount, .index = index };
    m->target = target[0] == '/' ? target : arena_printf(planner->arena, "/%s", target);
    clean = plan_clean_path(planner, target);
    m->proc = proc_place(clean);
    m->plain_target = m->proc == PROC_ITSELF || strcmp(clean, "/sys") == 0;
    mount_options_parse(&m->options, mount->options, mount->n_options, planner->arena);
}

/* The row by which the parent opens the tree of a bind mount. */
static void add_open(const struct mount_plan *m, op_slot slot)
{
    struct op *op = plan_add(m->planner, OP_OPEN, SIDE_PARENT, "mounts[%zu] \"%s\"", m->index, m->target);

    op->open.slot = slot;
    op->open.path = plan_str(m->planner, bind_source(m));
    op->open.flags = m->options.source_no_follow || m->options.copy_symlink ? AT_SYMLINK_NOFOLLOW : 0;
    op->open.tree = m->options.recursive_bind || is_type(m, "rbind") ? 2 : 1;
    op->open.peer = is_two_way(m);
    if (is_mapped(m))
        add_maps(m, op);
}

static void add_file_system(struct mount_plan *m, op_slot slot)
{
    struct op *op = plan_add(m->planner, OP_FILE_SYSTEM, SIDE_PARENT, "mounts[%zu] \"%s\"", m->index, m->target);

    add_label(m);
    op->file_system.slot = slot;
    op->file_system.type = plan_str(m->planner, m->mount->type);
    op->file_system.source = plan_str(m->planner, m->mount->source ? m->mount->source : m->mount->type);
    op->file_system.options = plan_list(m->planner, m->options.data, m->options.n_data);
}

static void add_tree(struct mount_plan *m, op_slot slot)
{
    if (is_bind(m))
        add_open(m, slot);
    else
        add_file_system(m, slot);
}

/* Whether the parent opens the source. A link that is to be copied is init's to read, as long as init sees the host. */
static bool is_from_parent(const struct mount_plan *m)
{
    if (m->options.remount || !is_bind(m))
        return !m->options.remount && is_made_outside(m);
    if (m->options.copy_symlink && !is_running(m->planner))
        return false;
    return is_mapped(m) || is_two_way(m) || parent_opens_sources(m->planner);
}

/* The tree of one bind mount, if it is the parent's to open: one slot, known to the later BIND row. Many would need
 * more descriptors than there are, so that the later ones are sent when their turn comes. */
static void plan_source(struct mount_plan *m)
{
    struct planner *planner = m->planner;

    planner->mount_trees[m->index] = SLOT_NONE;
    if (!is_from_parent(m))
        return;
    planner->mount_trees[m->index] = TREE_SENT;
    if (planner->n_mount_slots++ >= TREES_AT_ONCE)
        return;
    planner->mount_trees[m->index] = plan_slot(planner);
    add_tree(m, planner->mount_trees[m->index]);
}

void plan_mount_sources(struct planner *planner)
{
    const struct spec *spec = planner->input->spec;

    planner->mount_trees = arena_new(planner->arena, op_slot, spec->n_mounts);
    for (size_t i = 0; planner->mount_trees && i < spec->n_mounts; i++) {
        struct mount_plan m;

        mount_plan_init(&m, planner, i);
        plan_source(&m);
    }
}

static void warn_of_label(struct planner *planner)
{
    const char *label = planner->input->spec->linux_->mount_label;

    if (label && *label && !planner->input->host->selinux)
        plan_warn(planner, "linux.mountLabel \"%s\": SELinux is not enabled on this host, ignored", label);
}

void plan_mounts(struct planner *planner)
{
    warn_of_label(planner);
    for (size_t i = 0; i < planner->input->spec->n_mounts; i++) {
        struct mount_plan m;

        mount_plan_init(&m, planner, i);
        plan_mount(&m);
    }
}

void plan_mounts_readonly(struct planner *planner)
{
    for (size_t i = 0; i < planner->input->spec->n_mounts; i++) {
        struct mount_plan m;

        mount_plan_init(&m, planner, i);
        if (!is_bind(&m) && is_late_readonly(&m))
            add_remount(&m, m.target, MOUNT_ATTR_RDONLY, 0, false);
    }
}
