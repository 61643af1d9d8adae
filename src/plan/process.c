// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The container's process. Two groups of rows: early ones need privileges or the host's view (session, keyring,
 * names, scheduling); late ones drop them, in the only order that works: LSM label while procfs may be written, bounding
 * set while CAP_SETPCAP is there, groups before ids, capability sets after ids, seccomp last of all.
 *
 * Without no_new_privs the filter needs CAP_SYS_ADMIN. It is then kept in the effective and permitted sets until
 * execve(2), which computes both anew from inheritable, ambient and bounding; so nothing of it reaches the container. An exec's
 * process may be traced until then: where the filter allows it, there nothing is kept (early_filter.c).
 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "base/hash.h"
#include "plan/affinity.h"
#include "plan/capabilities.h"
#include "plan/limits.h"
#include "plan/plan.h"
#include "plan/scheduler.h"
#include "sys/compat.h"

enum { CAPABILITY_SYS_ADMIN = 21, CAPABILITY_SYS_NICE = 23 };
enum { DEFAULT_UMASK = 022, GROUPS_MAX = 65536 }; /* setgroups(2): NGROUPS_MAX */

static const struct spec_process *process_of(const struct planner *planner)
{
    return planner->input->spec->process;
}

/* An exec's process is born late, in the pid namespace that was joined. */
static bool is_born_late(const struct planner *planner)
{
    return planner->input->target && planner->namespaces_joined & CLONE_NEWPID;
}

/* What can be is done before it is born where somebody may trace it from then on. */
static bool is_confined_early(const struct planner *planner)
{
    return planner->report != SLOT_NONE;
}

static bool has_late_scheduler(const struct planner *planner)
{
    return is_born_late(planner) && scheduler_is_not_inherited(process_of(planner)->scheduler);
}

/* ---- resource limits ---- */

static void check_limit(struct planner *planner, size_t index)
{
    const struct spec_process *process = process_of(planner);
    const struct spec_rlimit *limit = &process->rlimits[index];

    if (limit_resource(limit->type) < 0)
        plan_fail(planner, -EINVAL, "process.rlimits[%zu].type: unknown limit \"%s\"", index, limit->type);
    if (limit->soft > limit->hard)
        plan_fail(planner, -EINVAL, "process.rlimits[%zu] \"%s\": the soft limit is above the hard limit", index,
                  limit->type);
    for (size_t i = 0; i < index; i++)
        if (strcmp(process->rlimits[i].type, limit->type) == 0)
            plan_fail(planner, -EINVAL, "process.rlimits[%zu].type: \"%s\" is given twice", index, limit->type);
}

static void raise_limits(struct planner *planner)
{
    const struct spec_process *process = process_of(planner);

    for (size_t i = 0; i < process->n_rlimits; i++) {
        const struct spec_rlimit *limit = &process->rlimits[i];
        struct op *op;

        check_limit(planner, i);
        op = plan_add(planner, OP_RLIMIT_RAISE, SIDE_PARENT, "process.rlimits[%zu] \"%s\"", i, limit->type);
        op->rlimit_raise.resource = limit_resource(limit->type);
        op->rlimit_raise.hard = (int64_t) limit->hard;
    }
}

/* The number of processes counts at the birth itself, where the one that gives it is a process too. */
static bool is_early_limit(const struct planner *planner, int resource)
{
    return is_confined_early(planner) && resource != RLIMIT_NPROC;
}

static void set_limits(struct planner *planner, bool early)
{
    const struct spec_process *process = process_of(planner);

    for (size_t i = 0; i < process->n_rlimits; i++) {
        const struct spec_rlimit *limit = &process->rlimits[i];
        int resource = limit_resource(limit->type);
        struct op *op;

        if (is_early_limit(planner, resource) != early)
            continue;
        op = plan_add(planner, OP_RLIMIT, SIDE_INIT, "process.rlimits[%zu] \"%s\"", i, limit->type);
        op->rlimit.resource = resource;
        op->rlimit.soft = (int64_t) limit->soft;
        op->rlimit.hard = (int64_t) limit->hard;
    }
}

/* ---- by the parent ---- */

/* In a user namespace that maps other ids the caller's files belong to nobody: there only the parent may give them away.
 * An ordinary user may not, but he is somebody in the namespace that he makes. */
static bool parent_gives_streams(const struct planner *planner)
{
    return planner->user_namespace && planner->uids.n && planner->gids.n && !host_is_ordinary(planner->input->host);
}

static void add_stream_owner(struct planner *planner)
{
    const struct spec_process *process = process_of(planner);
    bool parent = parent_gives_streams(planner);
    struct op *op = plan_add(planner, OP_STREAM_OWNER, parent ? SIDE_PARENT : SIDE_INIT, "standard streams");

    op->stream_owner.uid = parent ? plan_id_on_host(&planner->uids, process->uid) : process->uid;
    op->stream_owner.gid = parent ? plan_id_on_host(&planner->gids, process->gid) : process->gid;
}

/* Lowering it takes CAP_SYS_RESOURCE on the host (proc_pid_oom_score_adj(5)). */
static void add_oom_score_adj(struct planner *planner, int64_t value)
{
    struct op *op = plan_add(planner, OP_OOM_SCORE_ADJ, SIDE_PARENT, "process.oomScoreAdj");

    op->oom_score_adj.value = value;
    op->oom_score_adj.optional = host_is_ordinary(planner->input->host) || planner->input->host->in_user_namespace;
    if (op->oom_score_adj.optional && value < 0)
        plan_note(planner,
                  "process.oomScoreAdj: where the caller's own is higher than %lld it is kept, for only "
                  "CAP_SYS_RESOURCE on the host lowers it",
                  (long long) value);
}

void plan_process_parent(struct planner *planner)
{
    const struct spec_process *process = process_of(planner);

    if (!process) {
        plan_fail(planner, -EINVAL, "process: missing, there is nothing to run");
        return;
    }
    if (process->oom_score_adj.set)
        add_oom_score_adj(planner, process->oom_score_adj.value);
    if (parent_gives_streams(planner) && !process->terminal)
        add_stream_owner(planner);
    raise_limits(planner);
}

/* ---- early ---- */

static void add_names(struct planner *planner)
{
    const struct spec *spec = planner->input->spec;

    if (spec->hostname && *spec->hostname)
        plan_add(planner, OP_HOSTNAME, SIDE_INIT, "hostname \"%s\"", spec->hostname)->hostname.name =
            plan_str(planner, spec->hostname);
    if (spec->domainname && *spec->domainname)
        plan_add(planner, OP_DOMAINNAME, SIDE_INIT, "domainname \"%s\"", spec->domainname)->domainname.name =
            plan_str(planner, spec->domainname);
}

static void add_io_priority(struct planner *planner)
{
    const struct spec_io_priority *priority = process_of(planner)->io_priority;

    if (priority)
        plan_add(planner, OP_IO_PRIORITY, SIDE_INIT, "process.ioPriority")->io_priority.value =
            (int64_t) priority->class << 13 | (priority->priority & 0x1fff);
}

static void add_personality(struct planner *planner)
{
    const struct spec_personality *personality = planner->input->spec->linux_->personality;
    struct op *op;

    if (!personality)
        return;
    if (personality->n_flags)
        plan_fail(planner, -EINVAL, "linux.personality.flags: the specification defines no flag, found \"%s\"",
                  personality->flags[0]);
    op = plan_add(planner, OP_PERSONALITY, SIDE_INIT, "linux.personality");
    op->personality.value = personality->domain && strcmp(personality->domain, "LINUX32") == 0 ? 8 : 0;
}

/* Before a deadline is set: such a process must be able to run everywhere. exec has fields for this of its own, and with
 * one of them the caller's does not matter. */
static void reset_affinity(struct planner *planner)
{
    const struct spec_process *process = process_of(planner);
    bool given = planner->input->target && ((process->affinity_initial && *process->affinity_initial) ||
                                            (process->affinity_final && *process->affinity_final));

    if (planner->plan.n_cgroups > 0 && !given)
        plan_add(planner, OP_AFFINITY, SIDE_INIT, "CPU affinity");
}

/* Every later exec would fail by it. */
static void check_exec_affinity(struct planner *planner)
{
    const struct spec_process *process = process_of(planner);

    plan_number_list_check(planner, process->affinity_initial, CPU_MAX, "process.execCPUAffinity.initial");
    plan_number_list_check(planner, process->affinity_final, CPU_MAX, "process.execCPUAffinity.final");
}

void plan_process_early(struct planner *planner)
{
    if (!process_of(planner))
        return;
    plan_add(planner, OP_SESSION, SIDE_INIT, "session");
    if (!planner->input->no_new_keyring)
        plan_add(planner, OP_KEYRING, SIDE_INIT, "session keyring")->keyring.name =
            plan_strf(planner, "_ses.%s", planner->input->id);
    if (!planner->input->target)
        add_names(planner);
    if (!planner->input->target)
        check_exec_affinity(planner);
    reset_affinity(planner);
    if (!has_late_scheduler(planner))
        plan_scheduler(planner, process_of(planner)->scheduler);
    add_io_priority(planner);
    plan_memory_policy(planner);
    add_personality(planner);
}

/* ---- late ---- */

static void add_terminal(struct planner *planner)
{
    const struct spec_process *process = process_of(planner);
    struct op *op;

    if (!process->terminal)
        return;
    op = plan_add(planner, OP_TERMINAL, SIDE_INIT, "process.terminal");
    op->terminal.width = (int64_t) process->console_width.value;
    op->terminal.height = (int64_t) process->console_height.value;
    op->terminal.uid = process->uid;
    op->terminal.bare = planner->input->target != NULL;
}

void plan_terminal(struct planner *planner)
{
    if (process_of(planner))
        add_terminal(planner);
}

static void add_label(struct planner *planner, const char *lsm, const char *label, const char *field)
{
    struct op *op = plan_add(planner, OP_LSM_LABEL, SIDE_INIT, "process.%s \"%s\"", field, label);

    op->lsm_label.lsm = plan_str(planner, lsm);
    op->lsm_label.label = plan_str(planner, label);
}

static void add_labels(struct planner *planner)
{
    const struct spec_process *process = process_of(planner);
    const struct host *host = planner->input->host;
    const char *profile = process->apparmor_profile, *label = process->selinux_label;

    if (profile && *profile && host->apparmor)
        add_label(planner, "apparmor", profile, "apparmorProfile");
    else if (profile && *profile && strcmp(profile, "unconfined") != 0)
        plan_fail(planner, -ENOTSUP, "process.apparmorProfile \"%s\": AppArmor is not enabled on this host", profile);
    if (label && *label && host->selinux)
        add_label(planner, "selinux", label, "selinuxLabel");
    else if (label && *label)
        plan_warn(planner, "process.selinuxLabel \"%s\": SELinux is not enabled on this host, ignored", label);
}

static bool keeps_groups(const struct planner *planner)
{
    return spec_annotation_is_on(planner->input->spec, "run.oci.keep_original_groups");
}

/* For setresuid(2) and setresgid(2) the last number means "unchanged", which is root here; setgroups(2) refuses it. */
static void check_id(struct planner *planner, const char *what, const char *kind, uint32_t id)
{
    if (id == UINT32_MAX)
        plan_fail(planner, -EINVAL, "%s%u is no %s id, the highest is %u", what, id, kind, UINT32_MAX - 1);
}

/* Where setgroups(2) is denied there is nothing to clear, and nothing can be added. */
static void add_groups(struct planner *planner)
{
    const struct spec_process *process = process_of(planner);
    struct op *op;

    if (keeps_groups(planner)) {
        if (process->n_additional_gids)
            plan_note(planner, "process.user.additionalGids: not added, annotations[\"run.oci.keep_original_groups\"] "
                               "keeps the caller's groups alone");
        return;
    }
    if (process->n_additional_gids > GROUPS_MAX)
        plan_fail(planner, -EINVAL,
                  "process.user.additionalGids: %zu groups are more than the %d that the kernel takes",
                  process->n_additional_gids, GROUPS_MAX);
    for (size_t i = 0; i < process->n_additional_gids; i++) {
        const char *what = arena_printf(planner->arena, "process.user.additionalGids[%zu]: ", i);

        if (!what)
            return; /* plan_create looks at the arena */
        check_id(planner, what, "group", process->additional_gids[i]);
        plan_check_gid(planner, what, process->additional_gids[i], PLAN_HINT_GIDS);
    }
    if (planner->groups_denied) {
        if (process->n_additional_gids)
            plan_fail(planner, -EPERM,
                      "process.user.additionalGids: an ordinary user cannot add groups to a container without "
                      "subordinate ids (a line in /etc/subgid, and newgidmap(1))");
        return;
    }
    if (planner->groups_cleared && !process->n_additional_gids)
        return;
    op = plan_add(planner, OP_GROUPS, SIDE_INIT, "process.user.additionalGids");
    op->groups.may_be_denied = planner->groups_may_be_denied;
    op->groups.gids =
        plan_bytes(planner, process->additional_gids, process->n_additional_gids * sizeof *process->additional_gids);
}

static bool seccomp_needs_privilege(const struct planner *planner)
{
    return planner->input->seccomp_size && !process_of(planner)->no_new_privileges;
}

/* What is kept for rows that are still to come. */
static int64_t extra_capabilities(const struct planner *planner)
{
    int64_t admin = seccomp_needs_privilege(planner) ? (int64_t) 1 << CAPABILITY_SYS_ADMIN : 0;
    int64_t nice = has_late_scheduler(planner) ? (int64_t) 1 << CAPABILITY_SYS_NICE : 0;

    return admin | nice;
}

static void add_identity(struct planner *planner)
{
    const struct spec_process *process = process_of(planner);
    struct capability_sets sets = capability_sets_decide(planner, process->capabilities);
    int64_t extra = extra_capabilities(planner);
    int64_t last = planner->input->host->last_capability;
    struct op *op = plan_add(planner, OP_BOUNDING, SIDE_INIT, "process.capabilities.bounding");

    op->bounding.keep = (int64_t) sets.bounding;
    op->bounding.last = last;
    add_groups(planner);
    check_id(planner, "process.user.uid: ", "user", process->uid);
    check_id(planner, "process.user.gid: ", "group", process->gid);
    op = plan_add(planner, OP_IDENTITY, SIDE_INIT, "process.user");
    op->identity.uid = process->uid;
    op->identity.gid = process->gid;
    op = plan_add(planner, OP_CAPABILITIES, SIDE_INIT, "process.capabilities");
    op->capabilities.effective = (int64_t) sets.effective | extra;
    op->capabilities.permitted = (int64_t) sets.permitted | extra;
    op->capabilities.inheritable = (int64_t) sets.inheritable;
    op->capabilities.ambient = (int64_t) sets.ambient;
    op->capabilities.last = last;
    planner->sets = op->capabilities;
    planner->sets.effective = (int64_t) sets.effective;
    planner->sets.permitted = (int64_t) sets.permitted;
}

/* What was kept is needed no more, but for EXTRA. */
static void give_up_capabilities(struct planner *planner, int64_t extra)
{
    struct op *op = plan_add(planner, OP_CAPABILITIES, SIDE_INIT, "process.capabilities");

    op->capabilities = planner->sets;
    op->capabilities.effective |= extra;
    op->capabilities.permitted |= extra;
}

static void add_cwd(struct planner *planner, bool create)
{
    const char *path = process_of(planner)->cwd ? process_of(planner)->cwd : "/";
    struct op *op = plan_add(planner, OP_CWD, SIDE_INIT, "process.cwd \"%s\"", path);

    op->cwd.path = plan_str(planner, path);
    op->cwd.create = create;
}

static size_t name_length(const char *entry)
{
    return strcspn(entry, "=");
}

/* Names that have come by, SIZE, a power of two, is more than there are: whether that of ENTRY is among them, and from now on
 * it is. */
static bool is_known(const char **names, size_t size, const char *entry)
{
    size_t length = name_length(entry);

    for (uint64_t at = hash_bytes(entry, length);; at++) {
        const char **place = &names[at & (size - 1)];

        if (!*place) {
            *place = entry;
            return false;
        }
        if (name_length(*place) == length && memcmp(*place, entry, length) == 0)
            return true;
    }
}

static size_t table_size(size_t n)
{
    size_t size = 1;

    while (size <= 2 * n)
        size *= 2;
    return size;
}

/* What the runtime itself adds to the environment, at most ADDED_MAX. */
enum { ADDED_MAX = 4 };

static size_t added_environment(struct planner *planner, const char *ret_env[ADDED_MAX])
{
    const struct plan_input *input = planner->input;
    size_t n = 0;

    if (input->listen_fds) {
        ret_env[n++] = arena_printf(planner->arena, "LISTEN_FDS=%u", input->listen_fds);
        ret_env[n++] = "LISTEN_PID=1"; /* the row LISTEN_PID corrects it */
    }
    if (input->listen_fds && input->listen_names)
        ret_env[n++] = arena_printf(planner->arena, "LISTEN_FDNAMES=%s", input->listen_names);
    return planner->arena->failed ? 0 : n;
}

/* The last of duplicate names wins and appears once. */
static struct op_list environment(struct planner *planner)
{
    const struct spec_process *process = process_of(planner);
    const size_t size = table_size(process->n_env + ADDED_MAX);
    const char **all = arena_new(planner->arena, const char *, process->n_env + ADDED_MAX), *added[ADDED_MAX];
    const char **names = arena_new(planner->arena, const char *, size);
    size_t n_added = added_environment(planner, added), n_all = process->n_env + n_added, first = n_all;

    if (!all || !names)
        return plan_list(planner, NULL, 0);
    if (process->n_env)
        memcpy(all, process->env, process->n_env * sizeof *all);
    memcpy(all + process->n_env, added, n_added * sizeof *all);
    for (size_t i = n_all; i-- > 0;)
        if (!is_known(names, size, all[i]))
            all[--first] = all[i];
    return plan_list(planner, all + first, n_all - first);
}

static bool has_home(const struct spec_process *process)
{
    const char *home = NULL;

    for (size_t i = 0; i < process->n_env; i++)
        if (strncmp(process->env[i], "HOME=", 5) == 0)
            home = process->env[i] + 5;
    return home && *home;
}

static void add_find(struct planner *planner)
{
    const struct spec_process *process = process_of(planner);
    struct op *op;

    if (!process->n_args)
        return;
    op = plan_add(planner, OP_FIND, SIDE_INIT, "process.args[0] \"%s\"", process->args[0]);
    op->find.name = plan_str(planner, process->args[0]);
    for (size_t i = 0; i < process->n_env; i++)
        if (strncmp(process->env[i], "PATH=", 5) == 0)
            op->find.path = plan_str(planner, process->env[i] + 5);
}

void plan_announce(struct planner *planner)
{
    const char *pid_file = planner->input->pid_file, *pidfd_socket = planner->input->pidfd_socket;

    if (pid_file)
        plan_add(planner, OP_PID_FILE, SIDE_PARENT, "--pid-file \"%s\"", pid_file)->pid_file.path =
            plan_str(planner, pid_file);
    if (pidfd_socket)
        plan_add(planner, OP_PIDFD_SEND, SIDE_PARENT, "%s",
                 planner->input->pidfd_field ? planner->input->pidfd_field : "--pidfd-socket")
            ->pidfd_send.path = plan_str(planner, pidfd_socket);
}

static void add_ready(struct planner *planner)
{
    struct op *op;

    plan_cgroup_late(planner);
    plan_announce(planner);
    plan_add(planner, OP_STATE_SAVE, SIDE_PARENT, "state");
    op = plan_add(planner, OP_SYNC, SIDE_BOTH, "ready to start");
    op->sync.mode = SYNC_INIT_WAITS;
    op->sync.state = !planner->input->wait_start && plan_has_hooks(planner, HOOK_START_CONTAINER);
    if (planner->input->wait_start)
        plan_add(planner, OP_WAIT_START, SIDE_INIT, "start");
}

/* `start` is told when they are done: nothing else would tell it from an end in one of them. */
static void start_container_hooks(struct planner *planner)
{
    plan_hooks(planner, HOOK_START_CONTAINER, SIDE_INIT);
    if (planner->input->wait_start && plan_has_hooks(planner, HOOK_START_CONTAINER))
        plan_add(planner, OP_SYNC, SIDE_INIT, "startContainer hooks are done")->sync.mode = SYNC_PARENT_WAITS;
}

/* Who wrote the program. */
static const char *seccomp_field(const struct planner *planner)
{
    return spec_annotation(planner->input->spec, "run.oci.seccomp_bpf_data")
               ? "annotations[\"run.oci.seccomp_bpf_data\"]"
               : "linux.seccomp";
}

static void add_no_new_privileges(struct planner *planner)
{
    if (process_of(planner)->no_new_privileges)
        plan_add(planner, OP_NO_NEW_PRIVS, SIDE_INIT, "process.noNewPrivileges");
}

static void add_filter(struct planner *planner)
{
    struct op *op;

    if (!planner->input->seccomp_size)
        return;
    op = plan_add(planner, OP_SECCOMP, SIDE_INIT, "%s", seccomp_field(planner));
    op->seccomp.program = plan_bytes(planner, planner->input->seccomp_program, planner->input->seccomp_size);
    op->seccomp.flags = planner->input->seccomp_flags;
}

void plan_process_confine(struct planner *planner)
{
    if (!is_confined_early(planner))
        return;
    set_limits(planner, true);
    add_no_new_privileges(planner);
    if (!planner->filtered_early)
        return;
    add_filter(planner);
    if (seccomp_needs_privilege(planner))
        give_up_capabilities(planner, has_late_scheduler(planner) ? (int64_t) 1 << CAPABILITY_SYS_NICE : 0);
}

/* What no other process can do for it. */
static void add_born(struct planner *planner)
{
    bool terminal = process_of(planner)->terminal;

    if (is_born_late(planner) || terminal)
        plan_add(planner, OP_SESSION, SIDE_INIT, "session")->session.terminal = terminal;
    if (!has_late_scheduler(planner))
        return;
    plan_scheduler(planner, process_of(planner)->scheduler);
    give_up_capabilities(planner, seccomp_needs_privilege(planner) && !planner->filtered_early
                                      ? (int64_t) 1 << CAPABILITY_SYS_ADMIN
                                      : 0);
}

void plan_process_execute(struct planner *planner)
{
    const struct spec_process *process = process_of(planner);
    struct op *op;

    if (planner->input->target)
        add_born(planner);
    if (planner->input->listen_fds)
        plan_add(planner, OP_LISTEN_PID, SIDE_INIT, "LISTEN_PID");
    set_limits(planner, false);
    if (!is_confined_early(planner))
        add_no_new_privileges(planner);
    if (!planner->filtered_early)
        add_filter(planner);
    op = plan_add(planner, OP_EXEC, SIDE_INIT, "process.args[0] \"%s\"", process->n_args ? process->args[0] : "");
    op->exec.args = plan_list(planner, process->args, process->n_args);
    op->exec.env = environment(planner);
}

/* False: nobody wants to hear of more. */
static bool check_process(struct planner *planner)
{
    const struct spec_process *process = process_of(planner);
    bool args = process->n_args && process->args[0][0], cwd = process->cwd && process->cwd[0] == '/';

    if (!args)
        plan_fail(planner, -EINVAL, "process.args%s: empty, there is nothing to run", process->n_args ? "[0]" : "");
    if (!cwd)
        plan_fail(planner, -EINVAL, "process.cwd: an absolute path is needed");
    return !planner->failed;
}

/* They are for Windows: who writes them may believe that they choose the user or the command. */
static void tell_unused(struct planner *planner)
{
    const struct spec_process *process = process_of(planner);

    if (process->username && *process->username)
        plan_unused(planner, "process.user.username: \"%s\" is ignored, it is for Windows (the user is uid %u)",
                    process->username, process->uid);
    if (process->command_line && *process->command_line)
        plan_unused(planner, "process.commandLine: ignored, it is for Windows (process.args is what runs)");
    if ((process->console_width.set || process->console_height.set) && !process->terminal)
        plan_note(planner, "process.consoleSize: ignored, process.terminal is not true");
}

/* An exec does not change the container: its working directory must be there. */
static void prepare_rows(struct planner *planner)
{
    const struct spec_process *process = process_of(planner);

    tell_unused(planner);
    if ((process->uid != 0 || planner->user_namespace) && !parent_gives_streams(planner))
        add_stream_owner(planner);
    if (!planner->input->target)
        add_cwd(planner, true);
    add_labels(planner);
    plan_add(planner, OP_UMASK, SIDE_INIT, "process.user.umask")->umask.mask =
        process->umask.set ? process->umask.value & 0777 : DEFAULT_UMASK;
    if (!has_home(process))
        plan_add(planner, OP_HOME, SIDE_INIT, "HOME")->home.uid = process->uid;
    add_identity(planner);
    add_cwd(planner, false);
    add_find(planner);
}

void plan_process_prepare(struct planner *planner)
{
    if (check_process(planner))
        prepare_rows(planner);
}

void plan_process_late(struct planner *planner)
{
    struct op *op;

    if (!process_of(planner) || !check_process(planner))
        return;
    prepare_rows(planner);
    op = plan_add(planner, OP_SYNC, SIDE_BOTH, "set up");
    op->sync.mode = SYNC_PARENT_WAITS;
    add_ready(planner);
    start_container_hooks(planner);
    plan_process_execute(planner);
}
