// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A created container waits here for `start`. The parent is told by the end of its socket that all is ready; from then
 * on nobody is there to hear of failures until somebody connects. That connection is close-on-exec: its end without a
 * message is the success of the exec.
 */
#include "init/init.h"
#include "sys/files.h"

enum { REFUSED_MAX = 50 }; /* five seconds */

/* The host is short of something: a container that was created must not end of it. */
static bool may_pass(int code)
{
    return code == -ENOMEM || code == -ENOBUFS || code == -ENFILE || code == -EMFILE;
}

static void pause_briefly(void)
{
    struct timespec time = { .tv_nsec = 100000000 };

    sys_ppoll(NULL, 0, &time);
}

/* A peer that goes away, or says nothing that we know, is not the one; nor is one whom a security module refuses. That may
 * as well be meant for us, and for ever: then `start` must not wait in vain. */
static int accept_start(struct init *init)
{
    for (int refused = 0;;) {
        int fd = sys_accept4(init->listen_fd, SOCK_CLOEXEC);

        if (fd == -EINTR || fd == -ECONNABORTED)
            continue;
        if (may_pass(fd) || (fd == -EPERM && ++refused < REFUSED_MAX)) {
            pause_briefly();
            continue;
        }
        if (fd < 0)
            return fd;
        if (message_wait_go(init, fd, MESSAGE_ANY_ROW) == 0)
            return fd;
        sys_close(fd);
    }
}

void close_own(struct init *init)
{
    int *const fds[] = { &init->report_fd, &init->proc_fd, &init->root_fd, &init->null_file.fd, &init->empty_dir.fd };

    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        close_fdp(fds[i]);
        *fds[i] = -1;
    }
}

/* startContainer hooks are still to come. */
static bool is_for_hooks(const struct init *init, op_slot slot)
{
    for (uint32_t i = 0; i < init->n_ops; i++)
        if (init->ops[i].kind == OP_HOOK && (init->ops[i].hook.output == slot || init->ops[i].hook.errors == slot))
            return true;
    return false;
}

/* Somebody may look at us for days, and may well be in the container: the host's procfs, the slots and the covers are
 * not left open. The rows that follow look nothing up. */
static void close_all_but_socket(struct init *init)
{
    close_own(init);
    for (uint32_t i = 0; i < init->blob->n_slots; i++)
        if (!is_for_hooks(init, (op_slot) i))
            sys_close(slot_fd(init, (op_slot) i));
}

int init_wait_start(struct init *init, const struct op_wait_start *op)
{
    int r;

    (void) op;
    if (process_release(init) < 0)
        return init->failure.code;
    sys_prctl(PR_SET_NAME, (unsigned long) BLOB_WAITING_NAME, 0);
    close_all_but_socket(init);
    r = accept_start(init);
    if (r < 0)
        return init_fail(init, r, "accept4", NULL);
    sys_prctl(PR_SET_NAME, (unsigned long) BLOB_STARTING_NAME, 0); /* nothing waits any more */
    init->report_fd = r;
    sys_close(init->listen_fd);
    return 0;
}
