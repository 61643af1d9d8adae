// SPDX-License-Identifier: LGPL-2.1-or-later
/* One function a row of side PARENT, and one that takes it back. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroup/cgroup.h"
#include "host/namespace_file.h"
#include "launch/file_system.h"
#include "launch/idmap.h"
#include "launch/joined_map.h"
#include "launch/child.h"
#include "launch/launch.h"
#include "launch/net_device.h"
#include "launch/resctrl.h"
#include "launch/rows.h"
#include "launch/send.h"
#include "sys/files.h"
#include "sys/mounts.h"
#include "sys/process.h"

enum { REMOVE_TIMEOUT_MS = 10000, UNDO_TIMEOUT_MS = 10000 };

static int prefix(const struct launch *launch, const struct op *op, struct error *err)
{
    return error_prefix(err, "%s", text(launch, op->what));
}

char **launch_list(const struct launch *launch, struct op_list list)
{
    const uint64_t *words = (const uint64_t *) ((const char *) launch->plan->blob + list.offset);
    char **strings = calloc(list.n + 1, sizeof *strings);

    for (uint32_t i = 0; strings && i < list.n; i++)
        strings[i] = (char *) launch->plan->blob + words[i];
    return strings;
}

/* ---- state ---- */

/* Before the state: nobody looks for it where there is none, so that it may be seen half written. */
static int keep_config(const struct launch *launch, struct error *err)
{
    _cleanup_close_ int fd =
        openat(launch->dir_fd, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    int r = fd < 0 ? -errno : fd_write_all(fd, launch->config_text, launch->config_size);

    return r < 0 ? error_errno(err, r, "write config.json in the state directory") : 0;
}

static int row_state_create(struct launch *launch, struct error *err)
{
    int r = state_dir_make(launch->root_fd, launch->state->id, &launch->dir_fd, err);

    if (r == -EEXIST)
        return r;
    if (r < 0)
        return error_prefix(err, "state root \"%s\"", launch->root_path);
    r = launch->config_text ? keep_config(launch, err) : 0;
    if (r >= 0)
        r = state_write(launch->dir_fd, launch->state, err);
    if (r >= 0 && launch->wait_start)
        r = state_listen(launch->dir_fd, &launch->listen_fd, err);
    if (r < 0) {
        state_dir_remove(launch->root_fd, launch->state->id, launch->dir_fd, NULL);
        fd_close(&launch->dir_fd);
        error_prefix(err, "state root \"%s\"", launch->root_path);
    }
    return r;
}

static int row_state_save(struct launch *launch, struct error *err)
{
    launch->state->creating = false;
    for (size_t i = 0; i < launch->state->n_cgroups; i++)
        launch->state->cgroups[i].above = NULL; /* what was made is marked by now */
    return state_write(launch->dir_fd, launch->state, err);
}

/* A file that is there is replaced, but only a file: a device, a link in /dev or a socket has other users. */
static int check_pid_file(int dir, const char *name, struct error *err)
{
    struct stat st;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : error_errno(err, -errno, "stat");
    if (S_ISDIR(st.st_mode))
        return error_errno(err, -EISDIR, "write");
    if (S_ISLNK(st.st_mode))
        return error_set(err, -ELOOP, "a symbolic link, which is neither followed nor replaced (name the file itself)");
    return S_ISREG(st.st_mode) ? 0 : error_set(err, -EINVAL, "not a regular file");
}

static int row_pid_file(struct launch *launch, const char *path, struct error *err)
{
    char number[16], copy[4096];
    const char *slash = strrchr(path, '/');
    _cleanup_close_ int dir = -1;
    int length = snprintf(number, sizeof number, "%d", launch->state->pid), r;

    if (strlen(path) >= sizeof copy || !slash)
        return error_set(err, -ENAMETOOLONG, "path too long");
    snprintf(copy, sizeof copy, "%.*s", (int) (slash - path) + (slash == path), path);
    dir = open(copy, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return error_errno(err, -errno, "open \"%s\"", copy);
    r = check_pid_file(dir, slash + 1, err);
    if (r < 0)
        return r;
    r = file_replace(dir, slash + 1, number, (size_t) length, 0644);
    launch->pid_file_written = r >= 0;
    return r < 0 ? error_errno(err, r, "write") : 0;
}

/* ---- descriptors and the clone ---- */

/* The kernel makes what a new user namespace copies of the host's mounts slaves, but a tree that was cloned out here
 * is a peer: the container's own mounts in it would appear on the host, and pivot_root(2) refuses it as a root. */
static int make_slave(int tree_fd, const char *path, struct error *err)
{
    struct sys_mount_attr attr = { .propagation = MS_SLAVE };
    char name[sizeof("/proc/self/fd/") + 11];
    int r = sys_mount_setattr(tree_fd, "", AT_EMPTY_PATH | (unsigned) AT_RECURSIVE, &attr);

    if (r == -ENOSYS || r == -EPERM) {
        snprintf(name, sizeof name, "/proc/self/fd/%d", tree_fd);
        r = sys_mount(NULL, name, NULL, MS_REC | MS_SLAVE, NULL);
    }
    return r < 0 ? error_errno(err, r, "mount_setattr \"%s\"", path) : 0;
}

/* By a map of its own, or as a user namespace that is joined maps. */
static int map_ids(struct launch *launch, const struct op_open *row, int tree_fd, struct error *err)
{
    const char *user = text(launch, row->user);
    _cleanup_close_ int namespace_fd = user ? open(user, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
                                            : idmap_namespace(text(launch, row->uids), text(launch, row->gids), err);

    if (namespace_fd < 0)
        return user ? error_errno(err, -errno, "open \"%s\"", user) : namespace_fd;
    return idmap_tree(tree_fd, namespace_fd, row->recursive, err);
}

/* The descriptor of what the row names, as it is to be given to init. */
static int open_path(struct launch *launch, const struct op_open *row, struct error *err)
{
    const char *path = text(launch, row->path);
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (row->tree == 2 ? (unsigned) AT_RECURSIVE : 0);
    _cleanup_close_ int fd = row->tree ? sys_open_tree(AT_FDCWD, path, flags | (unsigned) row->flags)
                                       : sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | (int) row->flags, 0);
    int r;

    if (fd == -ENOENT) /* that errno's text says to engines that the command is missing */
        return error_set(err, fd, "%s\"%s\" does not exist", row->tree ? "source " : "", path);
    if (fd < 0) {
        error_errno(err, fd, "%s \"%s\"", row->tree ? "open_tree" : "open", path);
        launch_namespaces_explain(CLONE_NEWNS, err); /* a detached tree has one of its own */
        return fd;
    }
    r = row->tree && !row->peer ? make_slave(fd, path, err) : 0;
    if (r >= 0 && (row->uids || row->user))
        r = map_ids(launch, row, fd, err);
    return r < 0 ? r : take_fd(&fd);
}

/* To a slot, or to init that waits for it; what init says then speaks for itself. */
static int give_tree(struct launch *launch, op_slot slot, int *fd, struct error *err)
{
    if (slot == SLOT_NONE)
        return launch_send_tree(launch, *fd, err);
    launch->slots[slot] = take_fd(fd);
    return 0;
}

static int row_open(struct launch *launch, const struct op *op, struct error *err)
{
    _cleanup_close_ int fd = open_path(launch, &op->open, err);

    return fd < 0 ? prefix(launch, op, err) : give_tree(launch, op->open.slot, &fd, err);
}

/* What is checked is what init enters: the descriptor. */
static int row_namespace(struct launch *launch, const struct op_namespace *row, struct error *err)
{
    enum namespace_kind kind = (enum namespace_kind) row->kind;
    _cleanup_close_ int fd = -1;
    int r = namespace_file_open(text(launch, row->path), kind, &fd, err);

    if (r < 0)
        return r;
    if (row->written && namespace_file_is_own(fd, kind))
        return error_set(err, -EINVAL, NAMESPACE_FILE_IS_OWN, namespace_kind_name(kind), text(launch, row->written));
    launch->slots[row->slot] = take_fd(&fd);
    return 0;
}

static int row_file_system(struct launch *launch, const struct op *op, struct error *err)
{
    _cleanup_free_ char **options = launch_list(launch, op->file_system.options);
    _cleanup_close_ int fd = options ? file_system_make(text(launch, op->file_system.type),
                                                        text(launch, op->file_system.source), options, err)
                                     : error_errno(err, -ENOMEM, "fsconfig");

    return fd < 0 ? prefix(launch, op, err) : give_tree(launch, op->file_system.slot, &fd, err);
}

static int row_target(struct launch *launch, const struct op_target *row, struct error *err)
{
    int fd = fcntl(launch->target_fd, F_DUPFD_CLOEXEC, 0);

    if (fd < 0)
        return error_errno(err, -errno, "duplicate the descriptor of process %lld", (long long) row->pid);
    launch->slots[row->slot] = fd;
    return 0;
}

int launch_own_namespace(const char *name, int *ret_fd, struct error *err)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/self/ns/%s", name);
    *ret_fd = open(path, O_RDONLY | O_CLOEXEC);
    return *ret_fd < 0 ? error_errno(err, -errno, "open \"%s\"", path) : 0;
}

/* An exec's process has no state that it would be looked up by. */
int launch_note_process(struct launch *launch, struct error *err)
{
    struct state *state = launch->state;

    if (launch->dir_fd < 0)
        return 0;
    process_note(state, launch->pidfd);
    if (!state->pid_start_time && !state->pidfd_inode)
        return error_set(err, -ESRCH,
                         "read when process %d was started: /proc/%d/stat (is /proc mounted with hidepid=2?)",
                         state->pid, state->pid);
    return state->n_cgroups == 0 ? state_write(launch->dir_fd, state, err) : 0;
}

static int row_clone(struct launch *launch, const struct op_clone *row, struct error *err)
{
    _cleanup_close_ int cgroup_fd = -1;
    bool in_cgroup = false;
    int r;

    if (row->hierarchy >= 0 && launch->cgroups[row->hierarchy] != LAUNCH_CGROUP_NONE) {
        cgroup_fd = cgroup_open(launch_cgroup_dir(launch, row->hierarchy), err);
        if (cgroup_fd < 0)
            return cgroup_fd;
    }
    r = launch_clone(launch, (unsigned long) row->flags, cgroup_fd, &in_cgroup, err);
    if (r < 0)
        return r;
    for (unsigned i = 0; i < launch->n_slots; i++)
        fd_close(&launch->slots[i]);
    fd_close(&launch->listen_fd);
    r = launch_time_back(launch, err); /* it is at home that the process is looked at */
    if (r >= 0)
        r = launch_note_process(launch, err);
    if (r >= 0 && cgroup_fd >= 0 && !in_cgroup)
        r = cgroup_join(launch_cgroup_dir(launch, row->hierarchy), launch->state->pid, err);
    return r;
}

static int process_file(struct launch *launch, const char *name, const char *value)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/%s", launch->state->pid, name);
    return file_write(AT_FDCWD, path, value);
}

/* "newuidmap PID 0 1000 1 1 100000 65536": the lines of the map as words. */
static int map_by_helper(const struct launch *launch, const char *helper, const char *map, struct error *err)
{
    _cleanup_free_ char *words = strdup(map);
    _cleanup_free_ char **args = calloc(strlen(map) / 2 + 4, sizeof *args);
    char *env[] = { NULL }, pid[16], *rest = words;
    struct hook_run run = {
        .path = helper, .args = args, .env = env, .document = "", .cancel = launch->cancel, .dir_fd = launch->dir_fd
    };
    size_t n = 0;

    if (!words || !args)
        return error_errno(err, -ENOMEM, "run \"%s\"", helper);
    snprintf(pid, sizeof pid, "%d", launch->state->pid);
    args[n++] = (char *) helper;
    args[n++] = pid;
    while ((args[n] = strsep(&rest, " \n")))
        n += args[n][0] != '\0';
    return hook_run(&run, err);
}

static int row_id_map(struct launch *launch, const struct op_id_map *row, struct error *err)
{
    const char *helper = text(launch, row->helper);
    int r = idmap_check(text(launch, row->text), err); /* the helper would not say why */

    if (r < 0)
        return r;
    if (!helper)
        return idmap_write(launch->state->pid, text(launch, row->file), text(launch, row->text), err);
    r = map_by_helper(launch, helper, text(launch, row->text), err);
    if (r < 0 && text(launch, row->hint))
        error_append(err, " (%s)", text(launch, row->hint));
    return r;
}

static int row_oom_score_adj(struct launch *launch, const struct op_oom_score_adj *row, struct error *err)
{
    char value[24];
    int r;

    snprintf(value, sizeof value, "%lld", (long long) row->value);
    r = process_file(launch, "oom_score_adj", value);
    if ((r == -EACCES || r == -EPERM) && row->optional)
        return 0;
    if (r == -EACCES)
        return error_errno(err, r, "write %s to oom_score_adj (only CAP_SYS_RESOURCE on the host lowers it)", value);
    return r < 0 ? error_errno(err, r, "write %s to oom_score_adj", value) : 0;
}

/* The old one is below something, and so is a number. */
static int raise_error(const struct op_rlimit_raise *row, int code, uint64_t old, struct error *err)
{
    char wanted[24] = "unlimited";

    if ((uint64_t) row->hard != RLIM_INFINITY)
        snprintf(wanted, sizeof wanted, "%llu", (unsigned long long) row->hard);
    return error_errno(
        err, code, "raise the hard limit from %llu to %s (CAP_SYS_RESOURCE is needed%s; ask for less in config.json)",
        (unsigned long long) old, wanted,
        row->resource == RLIMIT_NOFILE ? ", and no more than the sysctl fs.nr_open" : "");
}

static int row_rlimit_raise(struct launch *launch, const struct op_rlimit_raise *row, struct error *err)
{
    struct sys_rlimit limit;
    uint64_t wanted = (uint64_t) row->hard, old;
    int r = sys_prlimit64(0, (unsigned) row->resource, NULL, &limit);

    if (r < 0)
        return error_errno(err, r, "prlimit");
    if (limit.hard >= wanted)
        return 0;
    old = limit.hard;
    limit.hard = wanted;
    r = sys_prlimit64(launch->state->pid, (unsigned) row->resource, &limit, NULL);
    return r < 0 ? raise_error(row, r, old, err) : 0;
}

/* A pipe, or a file for output. Never a device: /dev/null is everybody's. */
static bool is_given(int fd, mode_t mode)
{
    return S_ISFIFO(mode) || (S_ISREG(mode) && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY);
}

static int row_stream_owner(const struct op_stream_owner *row, struct error *err)
{
    struct stat st;

    for (int fd = 0; fd < 3; fd++) {
        if (fstat(fd, &st) < 0 || !is_given(fd, st.st_mode) || st.st_uid != geteuid())
            continue;
        if (fchown(fd, (uid_t) row->uid, (gid_t) row->gid) < 0 && errno != EPERM && errno != EROFS && errno != EINVAL)
            return error_errno(err, -errno, "fchown");
    }
    return 0;
}

/* ---- hooks ---- */

static int row_hook_output(struct launch *launch, const struct op_hook_output *row, struct error *err)
{
    const char *path = text(launch, row->path);
    int fd = path ? hook_output_open(path, err) : hook_nowhere_open(err);

    if (fd >= 0)
        launch->slots[row->slot] = fd;
    return fd < 0 ? fd : 0;
}

static int row_hook(struct launch *launch, const struct op_hook *row, struct error *err)
{
    _cleanup_free_ char *document = NULL;
    _cleanup_free_ char **args = launch_list(launch, row->args);
    _cleanup_free_ char **env = launch_list(launch, row->env);
    int r = state_document(launch->state, STATE_CREATING, false, false, &document, err);
    struct hook_run run = { .path = text(launch, row->path),
                            .args = args,
                            .env = env,
                            .timeout = (long) row->timeout,
                            .document = document,
                            .stdout_path = launch->hooks_stdout,
                            .stderr_path = launch->hooks_stderr,
                            .cancel = launch->cancel,
                            .dir_fd = launch->dir_fd };

    if (r < 0)
        return r;
    if (!args || !env)
        return error_errno(err, -ENOMEM, "start");
    return hook_run(&run, err);
}

/* ---- resctrl and network devices ---- */

static int row_rdt_make(struct launch *launch, const struct op_rdt_make *row, struct error *err)
{
    const char *path = text(launch, row->path), *schemata = text(launch, row->schemata);
    bool made;
    int r = resctrl_make(path, row->must_exist, &made, err);

    if (r >= 0 && schemata)
        r = resctrl_apply(path, schemata, made, err);
    if (r < 0 && made)
        rmdir(path);
    if (r >= 0 && made)
        launch->rdt_made |= 1u << (row->monitor != 0);
    return r;
}

/* As long as we hold its network namespace the devices are not lost with init. */
static int hold_network(struct launch *launch, struct error *err)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/ns/net", launch->state->pid);
    launch->network_fd = open(path, O_RDONLY | O_CLOEXEC);
    return launch->network_fd < 0 ? error_errno(err, -errno, "open \"%s\"", path) : 0;
}

static int row_net_device(struct launch *launch, const struct op *op, struct error *err)
{
    const struct op_net_device *row = &op->net_device;
    size_t number = (size_t) (op - blob_ops(launch->plan->blob));
    _cleanup_close_ int own_fd = -1;
    int r = launch_own_namespace("net", &own_fd, err);

    if (r >= 0 && launch->network_fd < 0)
        r = hold_network(launch, err);
    if (r >= 0 && !launch->net_devices &&
        !(launch->net_devices = calloc(launch->plan->blob->n_ops, sizeof *launch->net_devices)))
        r = error_errno(err, -ENOMEM, "move it");
    if (r >= 0)
        r = net_device_move(own_fd, launch->network_fd, text(launch, row->host_name), text(launch, row->name), true,
                            &launch->net_devices[number], err);
    if (r >= 0)
        launch->last_net_device = row;
    return r;
}

static void undo_net_device(struct launch *launch, const struct op *op)
{
    const struct op_net_device *row = &op->net_device;
    struct error err = { 0 };
    _cleanup_close_ int own_fd = -1;
    struct net_device_moved *moved, back;

    if (!launch->last_net_device || row > launch->last_net_device)
        return; /* was not moved */
    moved = &launch->net_devices[op - blob_ops(launch->plan->blob)];
    if (launch_own_namespace("net", &own_fd, &err) < 0 || (launch->network_fd < 0 && hold_network(launch, &err) < 0) ||
        net_device_move(launch->network_fd, own_fd, moved->name, text(launch, row->host_name), moved->was_up, &back,
                        &err) < 0)
        log_write(launch->log, LOG_LEVEL_WARNING, "network device \"%s\" is not back: %s", moved->name, err.text);
}

/* ---- the table ---- */

static int do_row(struct launch *launch, const struct op *op, struct error *err)
{
    switch ((enum op_kind) op->kind) {
    case OP_STATE_CREATE:
        return row_state_create(launch, err);
    case OP_NOTIFY:
        return notify_open(&launch->notify, launch->dir_fd, text(launch, op->notify.name), launch->log, err);
    case OP_STATE_SAVE:
        return row_state_save(launch, err);
    case OP_CRIU:
        return launch->criu(launch, (int) op->criu.stage, err);
    case OP_RECORD:
        return launch->record ? launch->record(launch, err) : 0;
    case OP_PIDFD_SEND:
        return descriptor_send(text(launch, op->pidfd_send.path), "pidfd", launch->pidfd, launch->cancel, err);
    case OP_PID_FILE:
        return row_pid_file(launch, text(launch, op->pid_file.path), err);
    case OP_CGROUP_MAKE:
        return launch_cgroup_make(launch, &op->cgroup_make, err);
    case OP_CGROUP_WRITE:
        return launch_cgroup_write(launch, &op->cgroup_write, err);
    case OP_CGROUP_DEVICES:
        return launch_cgroup_devices(launch, &op->cgroup_devices, err);
    case OP_CGROUP_FIND:
        return launch_cgroup_find(launch, &op->cgroup_find, err);
    case OP_CGROUP_DELEGATE:
        return launch_cgroup_delegate(launch, &op->cgroup_delegate, err);
    case OP_SCOPE_START:
        return launch_scope_start(launch, &op->scope_start, err);
    case OP_SCOPE_SET:
        return launch_scope_set(launch, &op->scope_set, err);
    case OP_SCOPE_ATTACH:
        return launch_scope_attach(launch, &op->scope_attach, err);
    case OP_SCOPE_RELEASE:
        return launch_scope_release(launch, err);
    case OP_CGROUP_LEAVE:
        return launch_cgroup_leave(launch, &op->cgroup_leave, err);
    case OP_CGROUP_JOIN:
        return launch_cgroup_join(launch, (uint64_t) op->cgroup_join.mask, err);
    case OP_TARGET:
        return row_target(launch, &op->target, err);
    case OP_RDT_MAKE:
        return row_rdt_make(launch, &op->rdt_make, err);
    case OP_RDT_JOIN:
        return resctrl_join(text(launch, op->rdt_join.path), launch->state->pid, err);
    case OP_NET_DEVICE:
        return row_net_device(launch, op, err);
    case OP_OPEN:
        return row_open(launch, op, err);
    case OP_NAMESPACE:
        return row_namespace(launch, &op->namespace, err);
    case OP_HOOK_OUTPUT:
        return row_hook_output(launch, &op->hook_output, err);
    case OP_FILE_SYSTEM:
        return row_file_system(launch, op, err);
    case OP_TIME:
        return launch_time(launch, &op->time, err);
    case OP_CLONE:
        return row_clone(launch, &op->clone, err);
    case OP_ID_MAP:
        return row_id_map(launch, &op->id_map, err);
    case OP_JOINED_MAP:
        return joined_map_check(launch->state->pid, text(launch, op->joined_map.file),
                                text(launch, op->joined_map.text), err);
    case OP_SETGROUPS_DENY: {
        int r = process_file(launch, "setgroups", "deny");

        return r < 0 ? error_errno(err, r, "write setgroups") : 0;
    }
    case OP_OOM_SCORE_ADJ:
        return row_oom_score_adj(launch, &op->oom_score_adj, err);
    case OP_RLIMIT_RAISE:
        return row_rlimit_raise(launch, &op->rlimit_raise, err);
    case OP_STREAM_OWNER:
        return row_stream_owner(&op->stream_owner, err);
    case OP_HOOK:
        return row_hook(launch, &op->hook, err);
    case OP_PIPES:
        return launch_pipes(launch, &op->pipes, err);
    case OP_REFORK:
        return launch_refork(launch, err);
    case OP_SYNC:
        return 0; /* launch_sync */
    case OP_CHANGES:
        return 0; /* init's, but for the undo */
#define INIT_CASE(NAME, name, fields) case OP_##NAME:
        OP_CATALOGUE_INIT(INIT_CASE, , , , , )
    case N_OP_KINDS:
        break;
    }
    return error_set(err, -EINVAL, "a row of crun-init stands on the parent's side");
}

/* Errors of these say it all themselves. */
static bool speaks_for_itself(const struct op *op)
{
    return op->kind == OP_STATE_CREATE || op->kind == OP_STATE_SAVE || op->kind == OP_CLONE || op->kind == OP_OPEN ||
           op->kind == OP_FILE_SYSTEM || op->kind == OP_SCOPE_START || op->kind == OP_CGROUP_MAKE ||
           op->kind == OP_CGROUP_JOIN || op->kind == OP_CGROUP_LEAVE || op->kind == OP_RECORD || op->kind == OP_CRIU ||
           op->kind == OP_REFORK;
}

static bool starts_process(const struct op *op)
{
    return op->kind == OP_HOOK || op->kind == OP_ID_MAP || op->kind == OP_OPEN || op->kind == OP_SCOPE_START ||
           op->kind == OP_CRIU;
}

/* EAGAIN of a clone speaks of limits, and does not say which. */
static int explain(const struct launch *launch, const struct op *op, int r, struct error *err)
{
    if (r == -EAGAIN && starts_process(op))
        cgroup_pids_explain(launch->state->cgroups, launch->state->n_cgroups, PIDS_OF_CALLER, err);
    return r;
}

int launch_row(struct launch *launch, const struct op *op, struct error *err)
{
    int r;

    if (launch->skip_next) {
        launch->skip_next = false;
        return 0;
    }
    r = explain(launch, op, do_row(launch, op, err), err);
    return r < 0 && !speaks_for_itself(op) ? prefix(launch, op, err) : r;
}

/* ---- undo ---- */

/* What a v1 freezer holds (an exec that waits for its container to be resumed) does not die there. */
static void leave_frozen(const struct launch *launch)
{
    for (size_t i = 0; i < launch->state->n_cgroups; i++) {
        struct cgroup_dir outside = launch->state->cgroups[i];

        if (outside.v2 || !cgroup_frozen(&outside))
            continue;
        outside.path = "/";
        cgroup_join(&outside, launch->state->pid, NULL);
    }
}

/* Our child's end is waited for; a sibling's of somebody else (after a refork it is ours too) likewise. */
static void undo_clone(struct launch *launch)
{
    if (launch->pidfd < 0)
        return;
    child_signal(launch->pidfd, launch->state->pid, SIGKILL);
    leave_frozen(launch);
    waitid((idtype_t) SYS_P_PIDFD, (id_t) launch->pidfd, &(siginfo_t){ 0 }, WEXITED);
    fd_close(&launch->pidfd);
    launch_time_back(launch, NULL);
}

static void undo_cgroup(struct launch *launch, int64_t hierarchy)
{
    struct error err = { 0 };

    if (launch->cgroups[hierarchy] != LAUNCH_CGROUP_MADE)
        return;
    cgroup_signal(launch_cgroup_dir(launch, hierarchy), SIGKILL, NULL);
    if (cgroup_remove(launch_cgroup_dir(launch, hierarchy), REMOVE_TIMEOUT_MS, &err) < 0)
        log_write(launch->log, LOG_LEVEL_WARNING, "%s", err.text);
}

/* Init takes its changes back when it has failed, or hears that we have, and ends by itself. */
static void wait_for_undo(struct launch *launch)
{
    struct pollfd process = { launch->pidfd, POLLIN, 0 };

    fd_close(&launch->sync_fd);
    poll(&process, 1, UNDO_TIMEOUT_MS);
}

/* Without a directory this very row has failed: the id is somebody else's. */
static void undo_state(struct launch *launch)
{
    if (launch->dir_fd < 0)
        return;
    if (launch->destroyed)
        launch->destroyed(launch);
    state_dir_remove(launch->root_fd, launch->state->id, launch->dir_fd, NULL);
}

void launch_undo_row(struct launch *launch, const struct op *op)
{
    switch (op->kind) {
    case OP_CLONE:
        undo_clone(launch);
        break;
    case OP_CRIU:
        launch->criu_undo(launch);
        undo_clone(launch);
        break;
    case OP_CHANGES:
        wait_for_undo(launch);
        break;
    case OP_TIME:
        launch_time_back(launch, NULL);
        break;
    case OP_RDT_MAKE:
        if (launch->rdt_made >> (op->rdt_make.monitor != 0) & 1)
            rmdir(text(launch, op->rdt_make.path));
        break;
    case OP_NET_DEVICE:
        undo_net_device(launch, op);
        break;
    case OP_CGROUP_MAKE:
        undo_cgroup(launch, op->cgroup_make.hierarchy);
        break;
    case OP_SCOPE_START:
        launch_scope_undo(launch, &op->scope_start);
        break;
    case OP_PID_FILE:
        if (launch->pid_file_written && unlink(text(launch, op->pid_file.path)) < 0 && errno != ENOENT)
            log_write(launch->log, LOG_LEVEL_WARNING, "the pid file \"%s\" is left: %s",
                      text(launch, op->pid_file.path), errno_text(errno));
        break;
    case OP_STATE_CREATE:
        undo_state(launch);
        break;
    default:
        break; /* leaves nothing behind that the clone's end does not remove */
    }
}
