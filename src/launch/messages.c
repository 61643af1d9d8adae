// SPDX-License-Identifier: LGPL-2.1-or-later
/* The parent's end of the sync socket: packets of struct message, descriptors beside them, and their texts. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroup/cgroup.h"
#include "launch/child.h"
#include "launch/launch.h"
#include "launch/terminal.h"
#include "sys/process.h"

enum { DEATH_TIMEOUT_MS = 1000 }; /* from the kill to the end of the process */

int message_send(int fd, const struct message *message, int fd_to_send)
{
    char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = { 0 };
    struct iovec data = { .iov_base = (void *) message, .iov_len = sizeof *message };
    struct msghdr header = { .msg_iov = &data, .msg_iovlen = 1 };
    ssize_t n;

    if (fd_to_send >= 0) {
        struct cmsghdr *cmsg = (struct cmsghdr *) control;

        header.msg_control = control;
        header.msg_controllen = sizeof control;
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(cmsg), &fd_to_send, sizeof(int));
    }
    do
        n = sendmsg(fd, &header, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

static int take_descriptor(struct msghdr *header)
{
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(header);
    int fd;

    if (!cmsg || cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
        return -1;
    memcpy(&fd, CMSG_DATA(cmsg), sizeof fd);
    return fd;
}

/* Of N bytes that were received; its texts end. */
static int check_message(struct message *message, ssize_t n)
{
    if (n > 0 && n != (ssize_t) sizeof *message)
        return -EPROTO;
    message->what[sizeof message->what - 1] = '\0';
    message->call[sizeof message->call - 1] = '\0';
    message->detail[sizeof message->detail - 1] = '\0';
    return n > 0;
}

/* 1: a message; 0: the other side is gone; *RET_FD (may be NULL) -1 or the descriptor that came along. */
int message_receive(int fd, struct message *message, int *ret_fd)
{
    char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
    struct iovec data = { .iov_base = message, .iov_len = sizeof *message };
    struct msghdr header = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
    };
    bool reset = false;
    int received;
    ssize_t n;

    /* That the peer ended with something of ours unread is told first, once: what it had to say is still there. */
    for (;;) {
        n = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
        if (n >= 0 || (errno != EINTR && (errno != ECONNRESET || reset)))
            break;
        reset = reset || errno == ECONNRESET;
    }
    if (n < 0)
        return errno == ECONNRESET ? 0 : -errno;
    received = n > 0 ? take_descriptor(&header) : -1;
    if (ret_fd)
        *ret_fd = received;
    else if (received >= 0)
        close(received);
    return check_message(message, n);
}

/* The same of a pipe. */
static int read_message(int fd, struct message *message, int *ret_fd)
{
    ssize_t n;

    do
        n = read(fd, message, sizeof *message);
    while (n < 0 && errno == EINTR);
    if (ret_fd)
        *ret_fd = -1;
    return n < 0 ? -errno : check_message(message, n);
}

static const char *row_text(const struct plan *plan, uint32_t row)
{
    const char *what = NULL;

    if (row < plan->blob->n_ops)
        what = blob_str(plan->blob, blob_ops(plan->blob)[row].what);
    return what ? what : "container";
}

int message_error(const struct message *message, struct error *err)
{
    int code = message->code < 0 ? message->code : -EIO;
    const char *what = message->what;

    if (message->call[0] && message->detail[0])
        return error_errno(err, code, "%s: %s %s", what, message->call, message->detail);
    if (message->call[0])
        return error_errno(err, code, "%s: %s", what, message->call);
    if (message->detail[0])
        return error_set(err, code, "%s: %s", what, message->detail);
    return error_errno(err, code, "%s", what);
}

/* EAGAIN and ENOSPC speak of limits, and do not say which. */
static int failed_error(const struct launch *launch, const struct op *op, const struct message *message,
                        struct error *err)
{
    const struct state *state = launch->state;
    int r = message_error(message, err);

    if (r == -EAGAIN)
        cgroup_pids_explain(state->cgroups, state->n_cgroups, PIDS_OF_CONTAINER, err);
    if (op && op->kind == OP_UNSHARE)
        launch_namespaces_explain((unsigned long) op->unshare.flags, err);
    return r;
}

/* Why init is gone without a word. */
int launch_ended_error(struct launch *launch, uint32_t row, struct error *err)
{
    const char *what = row < launch->plan->blob->n_ops ? row_text(launch->plan, row) : "exec";
    siginfo_t info = { 0 };

    child_signal(launch->pidfd, launch->state->pid, SIGKILL);
    if (waitid((idtype_t) SYS_P_PIDFD, (id_t) launch->pidfd, &info, WEXITED | WNOWAIT) == 0 &&
        info.si_code == CLD_EXITED)
        return error_set(err, -ECHILD, "the container's process ended with status %d before \"%s\"", info.si_status,
                         what);
    if (launch_oom_explain(launch, err))
        return err->code;
    return error_set(err, -ECHILD,
                     "the container's process was killed by signal %d before \"%s\" (is a memory or pids limit too "
                     "small, or was it killed from outside?)",
                     info.si_status, what);
}

/* The end of the socket means that the process executes its program or waits for the start, or that a small memory limit did not let it. */
static int check_alive(struct launch *launch, struct error *err)
{
    struct pollfd process = { launch->pidfd, POLLIN, 0 };
    struct error oom;
    int (*check)(pid_t, int, struct error *) = launch->wait_start ? launch_check_waiting : launch_check_executed;
    int r = check(launch->state->pid, launch->pidfd, err);

    if (r < 0)
        return r;
    if (!launch->plan->small_memory || !launch_oom_explain(launch, &oom) || poll(&process, 1, DEATH_TIMEOUT_MS) <= 0)
        return 0;
    return error_set(err, oom.code, "%s", oom.text);
}

/* Nobody else knows of the sibling, and its number is ours until we have waited for it. */
static int disown(pid_t pid, struct error *err)
{
    sys_kill(pid, SIGKILL);
    waitid(P_PID, (id_t) pid, &(siginfo_t){ 0 }, WEXITED);
    return error_errno(err, -EMFILE, "no descriptor left for the pidfd of the container's process");
}

/* The sibling that init went on in has another pid. */
int launch_adopt(struct launch *launch, pid_t pid, int *pidfd, struct error *err)
{
    if (*pidfd < 0)
        return disown(pid, err);
    /* The first process ends by itself: it must not stay a zombie of ours. */
    waitid((idtype_t) SYS_P_PIDFD, (id_t) launch->pidfd, &(siginfo_t){ 0 }, WEXITED);
    fd_close(&launch->pidfd);
    launch->pidfd = take_fd(pidfd);
    launch->state->pid = pid;
    return launch_note_process(launch, err);
}

static int add_mounted(struct launch *launch, const struct message *message, struct error *err)
{
    struct launch_mounted *more = realloc(launch->mounted, (launch->n_mounted + 1) * sizeof *more);

    if (!more)
        return error_errno(err, -ENOMEM, "%s", row_text(launch->plan, message->row));
    launch->mounted = more;
    more[launch->n_mounted++] = (struct launch_mounted){ message->row, strtoull(message->detail, NULL, 10) };
    return 0;
}

/* Nobody asks for a keyring, sandboxes block keyctl(2), and engines take standard error for output. */
static enum log_level warning_level(const struct op *op)
{
    return op && op->kind == OP_KEYRING ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING;
}

static int unexpected(const struct message *message, struct error *err)
{
    return error_set(err, -EPROTO, "unexpected message %u from crun-init at row %u", message->type, message->row);
}

/* One message that is not the one waited for. 0: handled, go on. Who writes into a pipe may be anybody in the container: he
 * can say that he has failed, and no more. */
static int handle(struct launch *launch, const struct message *message, int *fd, struct error *err)
{
    const struct blob *blob = launch->plan->blob;
    uint32_t row = message->row;
    const struct op *op = row < blob->n_ops ? &blob_ops(blob)[row] : NULL;

    if (launch->piped && message->type != MESSAGE_FAILED)
        return unexpected(message, err);
    switch ((enum message_type) message->type) {
    case MESSAGE_WARNING:
        message_error(message, err);
        log_write(launch->log, warning_level(op), "%s", err->text);
        return 0;
    case MESSAGE_FAILED:
        launch->exec_failed = op && (op->kind == OP_EXEC || op->kind == OP_FIND);
        return failed_error(launch, op, message, err);
    case MESSAGE_TERMINAL:
        return terminal_received(launch, fd, err);
    case MESSAGE_PID:
        return launch_adopt(launch, message->code, fd, err);
    case MESSAGE_LISTENER:
        return listener_received(&launch->listener, launch->state, launch->pidfd, launch->sync_fd, message, *fd, err);
    case MESSAGE_MOUNTED:
        return add_mounted(launch, message, err);
    case MESSAGE_REACHED:
    case MESSAGE_GO:
    case MESSAGE_TREE:
        break;
    }
    return unexpected(message, err);
}

/* 1: a message; 0: crun-init is gone, or has executed its program. */
static int receive(struct launch *launch, struct message *message, int *ret_fd, struct error *err)
{
    int r = cancel_wait(launch->cancel, launch->sync_fd, 0, err);

    if (r < 0)
        return r;
    r = launch->piped ? read_message(launch->sync_fd, message, ret_fd)
                      : message_receive(launch->sync_fd, message, ret_fd);
    return r < 0 ? error_errno(err, r, "receive from crun-init") : r;
}

static int wait_reached(struct launch *launch, uint32_t row, struct error *err)
{
    for (;;) {
        _cleanup_close_ int fd = -1;
        struct message message;
        int r = receive(launch, &message, &fd, err);

        if (r < 0)
            return r;
        if (r == 0)
            return launch_ended_error(launch, row, err);
        if (message.type == MESSAGE_REACHED && message.row == row)
            return 0;
        r = handle(launch, &message, &fd, err);
        if (r < 0)
            return r;
    }
}

/* The document that hooks of init get: as it is now, with the pid. Once the state has been saved the container is
 * created, also where nobody calls `start`. */
static int state_fd(struct launch *launch, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    enum state_status status = launch->state->creating ? STATE_CREATING : STATE_CREATED;
    int r = state_document(launch->state, status, false, false, &text, err);

    return r < 0 ? r : document_fd(text, err);
}

static int say_go(struct launch *launch, uint32_t row, bool state, struct error *err)
{
    struct message message = { .type = MESSAGE_GO, .row = row, .ignored = launch->ignored };
    _cleanup_close_ int fd = -1;
    int r;

    if (state) {
        fd = state_fd(launch, err);
        if (fd < 0)
            return fd;
    }
    r = message_send(launch->sync_fd, &message, fd);
    if (r == -EPIPE || r == -ECONNRESET)
        return wait_reached(launch, row, err); /* init has failed: its message is still to be read */
    return r < 0 ? error_errno(err, r, "send to crun-init") : 0;
}

int launch_send_tree(struct launch *launch, int fd, struct error *err)
{
    const struct message message = { .type = MESSAGE_TREE };
    int r = message_send(launch->sync_fd, &message, fd);

    if (r == -EPIPE || r == -ECONNRESET)
        return wait_reached(launch, UINT32_MAX, err);
    return r < 0 ? error_errno(err, r, "send to crun-init") : 0;
}

int launch_sync(struct launch *launch, uint32_t row, const struct op *op, struct error *err)
{
    int r = 0;

    if (op->sync.mode != SYNC_INIT_WAITS) {
        if (launch->ignored == ALL_SIGNALS) /* while init is busy */
            launch->ignored = process_ignored(launch->state->pid);
        r = wait_reached(launch, row, err);
    }
    if (r >= 0 && launch->piped)
        return launch_pipe_go(launch, err);
    if (launch->report_fd >= 0 && launch->ignored == ALL_SIGNALS) /* later it asks us no more */
        launch->ignored = process_ignored(launch->state->pid);
    if (r >= 0 && op->sync.mode != SYNC_PARENT_WAITS)
        r = say_go(launch, row, op->sync.state, err);
    return r;
}

int launch_wait_end(struct launch *launch, struct error *err)
{
    for (;;) {
        _cleanup_close_ int fd = -1;
        struct message message;
        int r = receive(launch, &message, &fd, err);

        if (r > 0)
            r = handle(launch, &message, &fd, err);
        else
            return r;
        if (r < 0)
            return r;
    }
}

int launch_wait_exec(struct launch *launch, struct error *err)
{
    int r = launch_wait_end(launch, err);

    return r < 0 ? r : check_alive(launch, err);
}
