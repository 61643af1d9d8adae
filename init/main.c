// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The walk: map the plan, check it whole, then do its rows in order, one function each.
 *
 *     crun-init PLAN_FD
 *
 * PLAN_FD is the blob; from it on all descriptors are ours, and they are made close-on-exec before anything else, so
 * that nothing of the runtime can reach a hook or the container (see plan/blob.h for what stands where).
 */
#include "init/init.h"
#include "sys/memory.h"
#include "sys/mounts.h"

/* Rows for the parent never come here, whatever the blob says. */
static int run(struct init *init, const struct op *op)
{
#define RUN_NOT_OURS(NAME, name, fields) case OP_##NAME:
#define RUN_CASE(NAME, name, fields)                                                                                   \
    case OP_##NAME:                                                                                                    \
        return init_##name(init, &op->name);
    switch ((enum op_kind) op->kind) {
        OP_CATALOGUE_BOTH(RUN_CASE, OP_NOTHING, OP_NOTHING, OP_NOTHING, OP_NOTHING, OP_NOTHING)
        OP_CATALOGUE_INIT(RUN_CASE, OP_NOTHING, OP_NOTHING, OP_NOTHING, OP_NOTHING, OP_NOTHING)
        OP_CATALOGUE_PARENT(RUN_NOT_OURS, OP_NOTHING, OP_NOTHING, OP_NOTHING, OP_NOTHING, OP_NOTHING)
    case N_OP_KINDS:
        break;
    }
    return init_explain(init, -EINVAL, "an operation that is not crun-init's");
}

/* Kept for the next row only. */
static void close_parent(struct parent *parent)
{
    close_fdp(&parent->fd);
    parent->fd = -1;
}

static int walk(struct init *init)
{
    for (init->row = 0; init->row < init->n_ops; init->row++) {
        const struct op *op = &init->ops[init->row];
        int r;

        if (!(op->side & SIDE_INIT))
            continue;
        scratch_close_before(init, op);
        timeline_begin(init, init->row);
        r = run(init, op);
        if (r < 0)
            return r;
        timeline_end(init, init->row);
        if (init->device_dir.row != init->row)
            close_parent(&init->device_dir);
    }
    return init_explain(init, -EINVAL, "the plan ends without executing anything");
}

static bool has_row(const struct init *init, enum op_kind kind)
{
    for (uint32_t i = 0; i < init->n_ops; i++)
        if (init->ops[i].kind == kind && init->ops[i].side & SIDE_INIT)
            return true;
    return false;
}

static int map_plan(int fd, struct blob **ret_blob)
{
    struct stat st;
    void *memory;
    int r = sys_fstat(fd, &st);

    if (r < 0)
        return r;
    memory = sys_mmap((size_t) st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
    r = sys_mmap_failed(memory);
    if (r < 0)
        return r;
    sys_close(fd);
    *ret_blob = memory;
    return blob_check(memory, (size_t) st.st_size) || (*ret_blob)->fd_base + BLOB_FD_PLAN != fd ? -EBADMSG : 0;
}

/* A standard stream that is closed is the number of the first descriptor that we open: PROC_FD shows whether there is one,
 * or could not be opened. The procfs again, with nothing below it closed. */
static int fill_streams(int proc_fd)
{
    if (proc_fd >= 0)
        sys_close(proc_fd);
    for (int fd = 0; fd < 3; fd++)
        if (sys_fcntl(fd, F_GETFD, 0) == -EBADF)
            sys_openat(AT_FDCWD, "/dev/null", O_RDWR, 0);
    return proc_fd < 0 ? proc_fd : proc_open();
}

static int init_setup(struct init *init, int plan_fd)
{
    int r;

    init->state_fd = init->root_fd = init->null_file.fd = init->empty_dir.fd = -1;
    init->device_dir.fd = -1;
    init->device_dir.row = 0;
    init->scratch.n = 0;
    init->report_fd = plan_fd + BLOB_FD_SYNC;
    init->listen_fd = plan_fd + BLOB_FD_LISTEN;
    init->root_path = "/";
    init->times = NULL;
    init->among_others = init->pivoted = init->released = init->filtered = false;
    init->null_file.attached = init->empty_dir.attached = false;
    init->environment = NULL;
    init->ignored = ~(uint64_t) 0;
    init->program[0] = init->home[0] = init->listen_pid[0] = '\0';
    memset(&init->failure, 0, sizeof init->failure);
    process_close_on_exec(plan_fd, plan_fd + 1024); /* our own; what is above them the parent has seen to */
    r = map_plan(plan_fd, &init->blob);
    if (r < 0)
        return init_explain(init, r, "crun-init was given a broken plan");
    init->ops = blob_ops(init->blob);
    init->n_ops = init->blob->n_ops;
    r = timeline_map(init);
    if (r < 0)
        return r;
    timeline_begin(init, init->n_ops);
    init->no_mount_api = init->blob->flags & BLOB_NO_NEW_MOUNT_API;
    init->no_openat2 = init->blob->flags & BLOB_NO_OPENAT2;
    init->dumpable_later = has_row(init, OP_BECOME_ROOT);
    init->umask = sys_umask(0);
    init->proc_fd = proc_open();
    if (init->proc_fd < 3)
        init->proc_fd = fill_streams(init->proc_fd);
    if (!proc_is_absent(init->proc_fd) && init->proc_fd < 0)
        return init_fail(init, init->proc_fd, "open", "/proc");
    return process_guard(init);
}

static void __attribute__((noreturn)) init_main(int plan_fd)
{
    struct init init;

    init.row = init.n_ops = 0;
    init.changes.kept = false;
    init.changes.n = 0;
    if (init_setup(&init, plan_fd) == 0) {
        timeline_end(&init, init.n_ops);
        walk(&init);
    }
    changes_undo(&init);
    init.failure.type = MESSAGE_FAILED;
    message_send(&init, &init.failure, -1);
    sys_exit_group(1);
}

int main(int argc, char **argv)
{
    long long fd = argc == 2 ? text_number(argv[1], NULL) : -1;

    if (fd < 3 || fd > 1 << 20)
        sys_exit_group(2);
    init_main((int) fd);
}
