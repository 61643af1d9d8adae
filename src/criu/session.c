// SPDX-License-Identifier: LGPL-2.1-or-later
/* Our end of the socket to `criu swrk`, and its start; see session.h. */
#include "criu/session.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "criu/fields.h"
#include "sys/files.h"
#include "sys/mounts.h"
#include "sys/process.h"
#include "sys/sockets.h"

enum { STATUS_CANNOT_START = 127, ANSWER_SIZE = 65536, PACKET_SIZE = 1 << 20 };

extern char **environ;

/* ---- the program ---- */

static int missing(const char *program, struct error *err)
{
    return error_set(err, -ENOENT,
                     "the program \"%s\" is missing: checkpoint and restore are done by CRIU (Debian: package criu)",
                     program);
}

static int find_in_path(const char *program, char **ret_path, struct error *err)
{
    const char *path = getenv("PATH");
    char candidate[PATH_MAX];

    for (path = path ? path : "/usr/sbin:/usr/bin:/sbin:/bin"; *path;
         path += strcspn(path, ":"), path += *path == ':') {
        int length = (int) strcspn(path, ":");

        if (snprintf(candidate, sizeof candidate, "%.*s/%s", length, path, program) >= (int) sizeof candidate ||
            length == 0 || access(candidate, X_OK) < 0)
            continue;
        *ret_path = strdup(candidate);
        return *ret_path ? 0 : error_errno(err, -ENOMEM, "start criu");
    }
    return missing(program, err);
}

int criu_find(const char *program, char **ret_path, struct error *err)
{
    program = program && *program ? program : "criu";
    if (!strchr(program, '/'))
        return find_in_path(program, ret_path, err);
    if (access(program, X_OK) < 0)
        return missing(program, err);
    *ret_path = strdup(program);
    return *ret_path ? 0 : error_errno(err, -ENOMEM, "start criu");
}

/* ---- its start ---- */

static void reset_signals(void)
{
    sigset_t none;

    sigemptyset(&none);
    for (int number = 1; number < NSIG; number++)
        sigaction(number, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* CRIU wants the container's root as a mount point. In a mount namespace of its own nothing of that is seen outside or
 * left behind; slaves, so that what the host unmounts is not held. */
static int bind_root(const char *root)
{
    int r = sys_unshare(CLONE_NEWNS);

    if (r >= 0)
        r = sys_mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
    return r < 0 ? r : sys_mount(root, root, NULL, MS_BIND | MS_REC, NULL);
}

static int prepare_streams(const struct criu *criu)
{
    int null = criu->keep_streams ? -1 : open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int fd = 0; fd <= STDERR_FILENO && null >= 0; fd++)
        if (dup2(null, fd) < 0)
            return -errno;
    return criu->keep_streams || null >= 0 ? 0 : -errno;
}

/* The socket is the only descriptor that criu is told of by its number. */
static int keep_descriptors(const struct criu *criu, int socket)
{
    int r = fcntl(socket, F_SETFD, 0);

    for (size_t i = 0; r >= 0 && i < criu->n_fds; i++)
        r = fcntl(criu->fds[i], F_SETFD, 0);
    return r < 0 ? -errno : 0;
}

enum { LAST_CLOSED = 4096 };

static void close_between(int first, int last)
{
    if (first > last || sys_close_range((unsigned) first, (unsigned) last, 0) >= 0)
        return;
    for (int fd = first; fd <= last && fd < LAST_CLOSED; fd++) /* a sandbox, or Linux before 5.9 */
        sys_close(fd);
}

static bool is_kept(const struct criu *criu, int fd, int socket, int failed)
{
    bool kept = fd == socket || fd == failed;

    for (size_t i = 0; i < criu->n_fds; i++)
        kept |= fd == criu->fds[i];
    return kept;
}

/* At once, and not only by the execution: others wait for the ends of sockets that we would hold until then
 * (crun-systemd). */
static void close_others(const struct criu *criu, int socket, int failed)
{
    int last = socket > failed ? socket : failed, first = STDERR_FILENO + 1;

    for (size_t i = 0; i < criu->n_fds; i++)
        last = criu->fds[i] > last ? criu->fds[i] : last;
    for (int fd = first; fd <= last; fd++)
        if (is_kept(criu, fd, socket, failed)) {
            close_between(first, fd - 1);
            first = fd + 1;
        }
    close_between(first, INT_MAX);
}

/* A packet of one byte: now. None: nobody wants it any more. */
static int wait_go(int socket)
{
    char byte;

    return recv(socket, &byte, 1, 0) == 1 ? 0 : -ECANCELED;
}

static int child_prepare(const struct criu *criu, int socket)
{
    int r = wait_go(socket);

    if (r >= 0 && criu->cgroup_namespace)
        r = sys_unshare(CLONE_NEWCGROUP);
    if (r >= 0 && criu->bind_root)
        r = bind_root(criu->bind_root);
    if (r >= 0)
        r = prepare_streams(criu);
    return r < 0 ? r : keep_descriptors(criu, socket);
}

/* A failure goes back by the pipe FAILED, which the execution closes. */
static void __attribute__((noreturn)) criu_child(const struct criu *criu, const char *path, int socket, int failed)
{
    char name[] = "criu", verb[] = "swrk", number[16];
    char *args[] = { name, verb, number, NULL };
    int r;

    reset_signals();
    close_others(criu, socket, failed);
    r = child_prepare(criu, socket);
    snprintf(number, sizeof number, "%d", socket);
    if (r >= 0) {
        execve(path, args, environ);
        r = -errno;
    }
    if (write(failed, &r, sizeof r) < 0)
        _exit(STATUS_CANNOT_START + 1);
    _exit(STATUS_CANNOT_START);
}

static void close_pair(int fds[2])
{
    fd_close(&fds[0]);
    fd_close(&fds[1]);
}

static int start(struct criu *criu, const char *path, int sockets[2], int ends[2], struct error *err)
{
    int size = PACKET_SIZE;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
        return error_errno(err, -errno, "socketpair for criu");
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_errno(err, -errno, "pipe2 for criu");
    setsockopt(sockets[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    criu->pid = sys_clone(SIGCHLD, NULL);
    if (criu->pid == 0)
        criu_child(criu, path, sockets[1], ends[1]);
    if (criu->pid < 0)
        return error_errno(err, criu->pid, "start \"%s\"", path);
    criu->fd = take_fd(&sockets[0]);
    criu->failed_fd = take_fd(&ends[0]);
    return 0;
}

int criu_start(struct criu *criu, struct error *err)
{
    _cleanup_free_ char *path = NULL;
    int sockets[2] = { -1, -1 }, ends[2] = { -1, -1 };
    int r = criu_find(criu->program, &path, err);

    if (r >= 0)
        r = start(criu, path, sockets, ends, err);
    close_pair(sockets);
    close_pair(ends);
    return r;
}

void criu_end(struct criu *criu)
{
    if (criu->fd < 0)
        return;
    fd_close(&criu->fd);
    fd_close(&criu->failed_fd);
    while (waitpid(criu->pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* ---- what is sent ---- */

static int send_packet(const struct criu *criu, const void *data, size_t size)
{
    ssize_t n;

    do
        n = send(criu->fd, data, size, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

/* Until it is executed the pipe is open. */
static int wait_executed(struct criu *criu, struct error *err)
{
    int code = 0;
    ssize_t n;

    do
        n = read(criu->failed_fd, &code, sizeof code);
    while (n < 0 && errno == EINTR);
    fd_close(&criu->failed_fd);
    return n == sizeof code ? error_errno(err, code, "start criu") : 0;
}

/* In the mount namespace of bind_root: CRIU looks at the descriptors of who asks it, and cannot mount in another one. */
static int move_directories(const struct criu *criu, struct error *err)
{
    for (size_t i = 0; i < sizeof criu->directories / sizeof criu->directories[0]; i++) {
        char path[PATH_MAX];
        _cleanup_close_ int fd = -1;

        snprintf(path, sizeof path, "/proc/%d/root%s", criu->pid, criu->directories[i].path);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || dup3(fd, criu->directories[i].fd, O_CLOEXEC) < 0)
            return error_errno(err, -errno, "open \"%s\"", path);
    }
    return 0;
}

int criu_send(struct criu *criu, const struct criu_message *request, struct error *err)
{
    int r = send_packet(criu, "", 1);

    if (r < 0)
        return error_errno(err, r, "start criu");
    r = wait_executed(criu, err);
    if (r >= 0 && criu->bind_root)
        r = move_directories(criu, err);
    if (r < 0)
        return r;
    if (request->failed)
        return error_errno(err, -ENOMEM, "ask criu");
    r = send_packet(criu, request->data, request->size);
    return r < 0 ? error_errno(err, r, "send the request to criu") : 0;
}

static int go_on(struct criu *criu, struct error *err)
{
    _cleanup_(criu_message_done) struct criu_message message = { 0 };
    int r;

    if (!criu->held)
        return 0;
    criu->held = false;
    criu_put_number(&message, CRIU_REQ_TYPE, CRIU_REQ_TYPE_NOTIFY);
    criu_put_number(&message, CRIU_REQ_NOTIFY_SUCCESS, 1);
    if (message.failed)
        return error_errno(err, -ENOMEM, "answer criu");
    r = send_packet(criu, message.data, message.size);
    return r == -EPIPE ? 0 : r < 0 ? error_errno(err, r, "answer criu") : 0; /* its end is seen when it is read from */
}

/* ---- what is received ---- */

struct answer {
    int64_t type, success, cr_errno;
    int64_t pid; /* of a notification, or of what was restored */
    char stage[32];
};

static void copy_text(char *to, size_t size, const struct criu_field *field)
{
    size_t length = field->size < size ? field->size : size - 1;

    memcpy(to, field->bytes, length);
    to[length] = '\0';
}

static int read_inner(const struct criu_field *outer, unsigned pid_field, unsigned text_field, struct answer *answer)
{
    struct criu_reader reader = { outer->bytes, (const uint8_t *) outer->bytes + outer->size };
    struct criu_field field;
    int r;

    while ((r = criu_next(&reader, &field)) > 0) {
        if (field.number == pid_field && !field.bytes)
            answer->pid = field.value;
        else if (field.number == text_field && field.bytes)
            copy_text(answer->stage, sizeof answer->stage, &field);
    }
    return r;
}

static int read_field(const struct criu_field *field, struct answer *answer)
{
    if (field->bytes)
        switch (field->number) {
        case CRIU_RESP_RESTORE:
            return read_inner(field, CRIU_RESTORE_RESP_PID, 0, answer);
        case CRIU_RESP_NOTIFY:
            return read_inner(field, CRIU_NOTIFY_PID, CRIU_NOTIFY_SCRIPT, answer);
        default:
            return 0;
        }
    if (field->number == CRIU_RESP_TYPE)
        answer->type = field->value;
    else if (field->number == CRIU_RESP_SUCCESS)
        answer->success = field->value;
    else if (field->number == CRIU_RESP_CR_ERRNO)
        answer->cr_errno = field->value;
    return 0;
}

static int read_answer(const void *data, size_t size, struct answer *answer)
{
    struct criu_reader reader = { data, (const uint8_t *) data + size };
    struct criu_field field;
    int r;

    *answer = (struct answer){ 0 };
    while ((r = criu_next(&reader, &field)) > 0) {
        int inner = read_field(&field, answer);

        if (inner < 0)
            return inner;
    }
    return r;
}

/* The size of a packet, 0 at the end; *RET_FD is a descriptor that came with it. */
static ssize_t receive_packet(int socket, void *buffer, size_t size, int *ret_fd)
{
    union {
        char room[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = { 0 };
    struct iovec part = { buffer, size };
    struct msghdr header = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
    };
    struct cmsghdr *first;
    ssize_t n;

    do
        n = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == ECONNRESET ? 0 : -errno;
    first = CMSG_FIRSTHDR(&header);
    if (first && first->cmsg_level == SOL_SOCKET && first->cmsg_type == SCM_RIGHTS)
        memcpy(ret_fd, CMSG_DATA(first), sizeof *ret_fd);
    return header.msg_flags & MSG_TRUNC ? -EMSGSIZE : n;
}

static int failed(const struct criu *criu, const struct answer *answer, struct error *err)
{
    int code = answer->cr_errno > 0 && answer->cr_errno < 4096 ? -(int) answer->cr_errno : -EIO;

    error_set(err, code, "criu: %s failed", criu->work);
    if (answer->cr_errno > 0)
        error_append(err, ": %s", errno_text(code));
    criu_log_explain(criu->log_dir_fd, criu->log_file, criu->log_path, err);
    return code;
}

static int ended(const struct criu *criu, struct error *err)
{
    error_set(err, -EPIPE, "criu: ended in the midst of the %s", criu->work);
    criu_log_explain(criu->log_dir_fd, criu->log_file, criu->log_path, err);
    return -EPIPE;
}

static int receive(struct criu *criu, struct answer *answer, int *ret_fd, struct error *err)
{
    _cleanup_free_ char *buffer = malloc(ANSWER_SIZE);
    ssize_t n = buffer ? receive_packet(criu->fd, buffer, ANSWER_SIZE, ret_fd) : -ENOMEM;

    if (n < 0)
        return error_errno(err, (int) n, "receive from criu");
    if (n == 0)
        return ended(criu, err);
    return read_answer(buffer, (size_t) n, answer) < 0
               ? error_set(err, -EBADMSG, "criu sent what is no message of its RPC")
               : 0;
}

/* What is no process id is not taken for one: a negative number would be that of a group. */
static void take_pid(struct criu *criu, const struct answer *answer)
{
    if (answer->pid > 0 && answer->pid <= INT_MAX)
        criu->root_pid = (int) answer->pid;
}

static int told(struct criu *criu, const struct answer *answer, int *fd, struct error *err)
{
    criu->held = true;
    take_pid(criu, answer);
    if (strcmp(answer->stage, "orphan-pts-master") == 0 && criu->terminal)
        return criu->terminal(criu->userdata, fd, err);
    return 0;
}

static int response(struct criu *criu, const struct answer *answer, struct error *err)
{
    criu->answered = true;
    if (!answer->success)
        return failed(criu, answer, err);
    take_pid(criu, answer);
    return 0;
}

int criu_wait(struct criu *criu, const char *stage, struct error *err)
{
    while (!criu->answered) {
        _cleanup_close_ int fd = -1;
        struct answer answer;
        int r = go_on(criu, err);

        if (r >= 0 && criu->wait)
            r = criu->wait(criu->userdata, criu->fd, err);
        if (r >= 0)
            r = receive(criu, &answer, &fd, err);
        if (r < 0)
            return r;
        if (answer.type != CRIU_REQ_TYPE_NOTIFY)
            return response(criu, &answer, err);
        r = told(criu, &answer, &fd, err);
        if (r < 0)
            return r;
        if (stage && strcmp(stage, answer.stage) == 0)
            return 1;
    }
    return 0;
}
