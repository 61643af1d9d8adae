// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Joining and making namespaces. A pid namespace takes effect only for children, so the walk goes on in a sibling
 * (CLONE_PARENT: the runtime stays its parent, and can wait for it).
 *
 * Where the sibling gets pipes (an exec without a user namespace), whoever has CAP_SYS_PTRACE in the container may trace
 * it from its first moment: then all that must not be his is closed before, the socket too, of which SO_PEERPIDFD would be
 * the runtime. What the first process has to tell after the clone, the sibling's number, it tells with its name and its end.
 */
#include "init/init.h"
#include "sys/cred.h"

enum { N_FILES = 8 };

/* The user namespace stands last; see enter_files. */
static const struct namespace_file {
    int type;
    const char *name;
} files[N_FILES] = {
    {CLONE_NEWCGROUP, "cgroup"},
    { CLONE_NEWIPC,   "ipc"   },
    { CLONE_NEWUTS,   "uts"   },
    { CLONE_NEWNET,   "net"   },
    { CLONE_NEWPID,   "pid"   },
    { CLONE_NEWTIME,  "time"  },
    { CLONE_NEWNS,    "mnt"   },
    { CLONE_NEWUSER,  "user"  },
};

/* Below the process's directory, if that stands in the place of a pidfd; else by its number. */
static int open_file(const struct init *init, const struct op_setns *op, const char *name)
{
    char path[64], below[16];
    struct text text = text_init(path, sizeof path), rest = text_init(below, sizeof below);
    int fd;

    text_put(&rest, "ns/");
    text_put(&rest, name);
    fd = sys_openat(slot_fd(init, op->fd), below, O_RDONLY | O_CLOEXEC, 0);
    if (fd != -ENOTDIR)
        return fd;
    text_put_number(&text, op->pid);
    text_put(&text, "/");
    text_put(&text, below);
    return sys_openat(init->proc_fd, path, O_RDONLY | O_CLOEXEC, 0);
}

static int open_files(struct init *init, const struct op_setns *op, int fds[N_FILES])
{
    for (int i = 0; i < N_FILES; i++) {
        fds[i] = op->type & files[i].type ? open_file(init, op, files[i].name) : -1;
        if (fds[i] < 0 && op->type & files[i].type)
            return init_fail(init, fds[i], "open", files[i].name);
    }
    /* They were those of that process if it is there by now. */
    return sys_pidfd_send_signal(slot_fd(init, op->fd), 0) == -ESRCH
               ? init_explain(init, -ESRCH, "container not running")
               : 0;
}

/* Root may join what the host owns only from outside of the container's user namespace, and has the right to join all:
 * that one comes last. An ordinary user gets the right by entering it: it comes first. */
static int enter_files(struct init *init, const int fds[N_FILES])
{
    int first = sys_geteuid() == 0 ? 0 : N_FILES - 1;

    for (int i = 0; i < N_FILES; i++) {
        int at = (first + i) % N_FILES, r = fds[at] < 0 ? 0 : sys_setns(fds[at], files[at].type);

        if (r < 0)
            return init_fail(init, r, "setns", files[at].name);
    }
    return 0;
}

/* Linux before 5.8 does not join by pidfd, and a sandbox may allow none: every namespace by its file, all opened before the
 * first is entered. */
static int setns_by_files(struct init *init, const struct op_setns *op)
{
    int fds[N_FILES] = { -1, -1, -1, -1, -1, -1, -1, -1 };
    int r = open_files(init, op, fds);

    if (r >= 0)
        r = enter_files(init, fds);
    for (int i = 0; i < N_FILES; i++)
        close_fdp(&fds[i]);
    return r;
}

/* Why the descriptor of a file, not of a process, was refused. That it is a namespace of the type, the parent has seen. */
static int setns_error(struct init *init, int code, const struct op_setns *op)
{
    if (code == -EINVAL && op->type == CLONE_NEWUSER)
        return init_explain(init, code,
                            "the runtime is in it already (leave it out of linux.namespaces to stay there)");
    init_fail(init, code, "setns", NULL);
    if (code == -EPERM)
        init_hint(init, "(it takes CAP_SYS_ADMIN in the user namespace that owns it)");
    return code;
}

static int enter(struct init *init, const struct op_setns *op)
{
    int r = sys_setns(slot_fd(init, op->fd), (int) op->type);

    if (r == -EINVAL && op->pid)
        return setns_by_files(init, op);
    if (r < 0)
        return op->pid ? init_fail(init, r, "setns", NULL) : setns_error(init, r, op);
    return 0;
}

/* The container's processes see us from the first namespace on. A user namespace changes credentials, and with them what
 * guards us. */
int init_setns(struct init *init, const struct op_setns *op)
{
    int r;

    init->dumpable_later = false;
    r = process_guard(init);
    if (r == 0)
        r = enter(init, op);
    if (r == 0)
        r = process_guard(init);
    if (r < 0)
        return r;
    init->among_others = (op->type & (CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUSER)) == (CLONE_NEWPID | CLONE_NEWNS);
    if (op->type & CLONE_NEWNS) {
        close_fdp(&init->root_fd);
        init->root_fd = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
        if (init->root_fd < 0)
            return init_fail(init, init->root_fd, "open", "/");
    }
    if (op->pid) /* where it is no pidfd, it is a directory of the host's procfs */
        sys_close(slot_fd(init, op->fd));
    return 0;
}

int init_unshare(struct init *init, const struct op_unshare *op)
{
    int r = sys_unshare((unsigned long) op->flags);

    return r < 0 ? init_fail(init, r, "unshare", NULL) : 0;
}

/* The plan refuses offsets that are no numbers; the kernel those that no clock can show. */
int init_time_new(struct init *init, const struct op_time_new *op)
{
    const char *offsets = init_str(init, op->offsets);
    _cleanup_close_ int fd = -1;
    long r = sys_unshare(CLONE_NEWTIME);

    if (r < 0)
        return init_fail(init, (int) r, "unshare", NULL);
    fd = proc_open_file(init->proc_fd, "self/timens_offsets");
    if (fd < 0)
        return init_fail(init, fd, "open", "/proc/self/timens_offsets");
    r = sys_write(fd, offsets, strlen(offsets));
    if (r == -ERANGE)
        return init_explain(init, (int) r,
                            "with these the clocks would be below 0, or further on than the kernel counts");
    return r < 0 ? init_fail(init, (int) r, "write", "/proc/self/timens_offsets") : 0;
}

/* An exec's process is born as its user already: his processes are counted here, as they are at any fork of his. */
static int clone_error(struct init *init, int code)
{
    init_fail(init, code, "clone", NULL);
    if (code == -EAGAIN && sys_geteuid() != 0)
        init_hint(init, "(has its user more processes than RLIMIT_NPROC allows?)");
    return code;
}

/* The first process: say who goes on, and go. */
static void __attribute__((noreturn)) leave(struct init *init, int pid, int pidfd)
{
    struct message message;

    memset(&message, 0, sizeof message);
    message.type = MESSAGE_PID;
    message.row = init->row;
    message.code = pid;
    sys_exit_group(message_send(init, &message, pidfd) < 0 && message_send(init, &message, -1) < 0);
}

static void __attribute__((noreturn)) leave_by_name(int pid)
{
    char name[16];
    struct text text = text_init(name, sizeof name);

    text_put(&text, BLOB_NEXT_NAME);
    text_put_number(&text, pid);
    sys_prctl(PR_SET_NAME, (unsigned long) name, 0);
    sys_exit_group(0);
}

/* The sibling with pipes. Not dumpable is its memory, as the first one's; and its parent's end is that of the pipe. */
static void wait_go(int fd)
{
    char byte;
    long r;

    do
        r = sys_read(fd, &byte, 1);
    while (r == -EINTR);
    if (r != 1)
        sys_exit_group(1); /* nobody is left to hear of a failure */
}

/* Whatever is not the program's: of the slots only the pipes are left. */
static void close_all_but_pipes(struct init *init, const struct op_refork *op)
{
    close_own(init);
    for (op_slot slot = 0; slot < (op_slot) init->blob->n_slots; slot++)
        if (slot != op->report && slot != op->go)
            sys_close(slot_fd(init, slot));
}

static int refork_with_pipes(struct init *init, const struct op_refork *op)
{
    int r;

    close_all_but_pipes(init, op);
    init->report_fd = slot_fd(init, op->report);
    r = sys_clone((unsigned long) op->flags | CLONE_PARENT | SIGCHLD, NULL);
    if (r < 0)
        return clone_error(init, r);
    if (r > 0)
        leave_by_name(r);
    if (op->go != SLOT_NONE)
        wait_go(slot_fd(init, op->go));
    return 0;
}

/* The sibling: nothing of ours may be heard before the message that names us, that is before the first is gone. */
static int go_on(struct init *init, const int pipe_fds[2])
{
    int r = process_guard(init);
    char byte;

    sys_close(pipe_fds[1]);
    sys_read(pipe_fds[0], &byte, 1);
    sys_close(pipe_fds[0]);
    if (init->among_others)
        proc_enter(init);
    return r;
}

static int refork(struct init *init, const struct op_refork *op)
{
    int pipe_fds[2], pidfd = 0, r = sys_pipe2(pipe_fds, O_CLOEXEC);

    if (r < 0)
        return init_fail(init, r, "pipe2", NULL);
    if (init->among_others)
        proc_leave(init);
    r = sys_clone((unsigned long) op->flags | CLONE_PARENT | CLONE_PIDFD | SIGCHLD, &pidfd);
    if (r < 0)
        return clone_error(init, r);
    if (r > 0)
        leave(init, r, pidfd);
    return go_on(init, pipe_fds);
}

int init_refork(struct init *init, const struct op_refork *op)
{
    return op->report == SLOT_NONE ? refork(init, op) : refork_with_pipes(init, op);
}
