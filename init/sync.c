// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages with the parent, and the rows at which the two sides meet. A parent that is gone is found here (end of
 * file) even where PDEATHSIG did not reach: then there is nobody left to make a container for.
 */
#include "init/init.h"

union rights {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
};

int message_send(struct init *init, const struct message *message, int fd)
{
    struct iovec data = { .iov_base = (void *) message, .iov_len = sizeof *message };
    struct msghdr packet = { .msg_iov = &data, .msg_iovlen = 1 };
    union rights rights;
    long r;

    if (init->report_fd < 0)
        return -EPIPE;
    if (fd >= 0) {
        memset(&rights, 0, sizeof rights);
        rights.header.cmsg_level = SOL_SOCKET;
        rights.header.cmsg_type = SCM_RIGHTS;
        rights.header.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&rights.header), &fd, sizeof fd);
        packet.msg_control = &rights;
        packet.msg_controllen = sizeof rights;
    }
    do
        r = sys_sendmsg(init->report_fd, &packet, MSG_NOSIGNAL);
    while (r == -EINTR);
    if (r < 0 && r != -EPIPE && fd < 0) /* a seccomp profile may refuse one of the two */
        r = sys_write(init->report_fd, message, sizeof *message);
    return r < 0 ? (int) r : 0;
}

static void keep_descriptor(int *kept, const struct msghdr *packet, const union rights *rights)
{
    int fd;

    if (packet->msg_controllen < CMSG_LEN(sizeof(int)) || rights->header.cmsg_type != SCM_RIGHTS ||
        rights->header.cmsg_level != SOL_SOCKET)
        return;
    memcpy(&fd, CMSG_DATA(&rights->header), sizeof fd);
    if (*kept >= 0)
        sys_close(*kept);
    *kept = fd;
}

/* A descriptor that comes along replaces *KEPT. */
static long receive(int fd, struct message *ret_message, int *kept)
{
    struct iovec data = { .iov_base = ret_message, .iov_len = sizeof *ret_message };
    union rights rights;
    struct msghdr packet = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &rights, .msg_controllen = sizeof rights
    };
    long r;

    do
        r = sys_recvmsg(fd, &packet, MSG_CMSG_CLOEXEC);
    while (r == -EINTR);
    if (r > 0)
        keep_descriptor(kept, &packet, &rights);
    return r;
}

int message_wait_tree(struct init *init)
{
    struct message message;
    int tree_fd = -1;
    long r;

    memset(&message, 0, sizeof message);
    r = receive(init->report_fd, &message, &tree_fd);
    if (r == 0)
        return -EPIPE; /* the parent has failed to open it, and is gone: nobody hears what we say of it */
    if (r < 0)
        return (int) r;
    return message.type == MESSAGE_TREE && tree_fd >= 0 ? tree_fd : -EPROTO;
}

int message_wait_go(struct init *init, int fd, uint32_t row)
{
    struct message message;
    long r;

    memset(&message, 0, sizeof message);
    r = receive(fd, &message, &init->state_fd);
    if (r <= 0)
        return r < 0 ? (int) r : -EPIPE;
    if (row == MESSAGE_ANY_ROW && r == 1)
        return 0;
    if ((size_t) r < offsetof(struct message, code) || message.type != MESSAGE_GO)
        return -EPROTO;
    if (row != MESSAGE_ANY_ROW && r == sizeof message)
        init->ignored = message.ignored;
    return message.row == row || row == MESSAGE_ANY_ROW ? 0 : -EPROTO;
}

static int reach(struct init *init)
{
    struct message message;
    int r;

    memset(&message, 0, sizeof message);
    message.type = MESSAGE_REACHED;
    message.row = init->row;
    r = message_send(init, &message, -1);
    return r < 0 ? init_fail(init, r, "sendmsg", NULL) : 0;
}

/* The word to keep changes comes, or the end of the socket: what else goes wrong may pass. */
static int wait_word(struct init *init)
{
    int r, tries = init->changes.kept ? 10 : 1;

    do
        r = message_wait_go(init, init->report_fd, init->row);
    while (r < 0 && r != -EPIPE && --tries > 0);
    return r;
}

static int stand(struct init *init)
{
    int r = wait_word(init);

    if (r == -EPIPE && !init->changes.kept)
        sys_exit_group(1);
    return r < 0 ? init_fail(init, r, "recvmsg", NULL) : 0;
}

static bool is_last(const struct init *init)
{
    for (uint32_t i = init->row + 1; i < init->n_ops && init->ops[i].kind != OP_WAIT_START; i++)
        if (init->ops[i].kind == OP_SYNC)
            return false;
    return true;
}

/* After the last word the parent may go, and the container stays: so PDEATHSIG ends before that word is waited for.
 * A parent that dies without it is noticed by the end of the socket. */
int init_sync(struct init *init, const struct op_sync *op)
{
    if (is_last(init) && process_release(init) < 0)
        return init->failure.code;
    switch ((enum sync_mode) op->mode) {
    case SYNC_INIT_WAITS:
        return stand(init);
    case SYNC_PARENT_WAITS:
        return reach(init);
    case SYNC_BOTH_WAIT:
        return reach(init) < 0 ? init->failure.code : stand(init);
    }
    return init_explain(init, -EINVAL, "unknown kind of sync row");
}
