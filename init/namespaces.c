// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Joining and making namespaces. A pid namespace takes effect only for children, so the walk goes on in a sibling
 * (CLONE_PARENT: the runtime stays its parent, and can wait for it).
 */
#include "init/init.h"

/* The container's processes see us from the first namespace on. */
int init_setns(struct init *init, const struct op_setns *op)
{
    int r;

    init->dumpable_later = false;
    process_guard(init);
    r = sys_setns(slot_fd(init, op->fd), (int) op->type);
    if (r < 0)
        return init_fail(init, r, "setns", NULL);
    if (!(op->type & CLONE_NEWNS))
        return 0;
    close_fdp(&init->root_fd);
    init->root_fd = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    return init->root_fd < 0 ? init_fail(init, init->root_fd, "open", "/") : 0;
}

int init_unshare(struct init *init, const struct op_unshare *op)
{
    int r = sys_unshare((unsigned long) op->flags);

    return r < 0 ? init_fail(init, r, "unshare", NULL) : 0;
}

/* The first process: say who goes on, and go. */
static void __attribute__((noreturn)) leave(struct init *init, int pid)
{
    struct message message;

    memset(&message, 0, sizeof message);
    message.type = MESSAGE_PID;
    message.row = init->row;
    message.code = pid;
    sys_exit_group(message_send(init, &message, -1) < 0);
}

/* The sibling: nothing of ours may be heard before the message that names us, that is before the first is gone. */
static int go_on(struct init *init, const int pipe_fds[2])
{
    char byte;

    process_guard(init);
    sys_close(pipe_fds[1]);
    sys_read(pipe_fds[0], &byte, 1);
    sys_close(pipe_fds[0]);
    return 0;
}

int init_refork(struct init *init, const struct op_refork *op)
{
    int pipe_fds[2], r = sys_pipe2(pipe_fds, O_CLOEXEC);

    if (r < 0)
        return init_fail(init, r, "pipe2", NULL);
    r = sys_clone((unsigned long) op->flags | CLONE_PARENT | SIGCHLD, NULL);
    if (r < 0)
        return init_fail(init, r, "clone", NULL);
    if (r > 0)
        leave(init, r);
    return go_on(init, pipe_fds);
}
