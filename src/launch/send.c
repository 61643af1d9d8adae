// SPDX-License-Identifier: LGPL-2.1-or-later
/* Handing a descriptor to an engine's socket; see send.h. */
#include "launch/send.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include "base/fd.h"
#include "sys/files.h"
#include "sys/sockets.h"

/* A listener whose queue is full may never accept anybody. connect(2) is not told by poll(2) that there is room, and signals
 * are blocked: it waits in pieces, between which they are looked at. */
enum { PATIENCE_MS = 5000, PIECE_MS = 100 };

static int connect_patiently(int fd, const struct sockaddr_un *address, const struct cancel *cancel)
{
    const struct timeval piece = { .tv_usec = PIECE_MS * 1000 };
    int r = -EAGAIN;

    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &piece, sizeof piece);
    for (int waited = 0; r == -EAGAIN && waited < PATIENCE_MS; waited += PIECE_MS) {
        if (cancel_pending(cancel))
            return -EINTR;
        do
            r = sys_connect(fd, (const struct sockaddr *) address, sizeof *address);
        while (r == -EINTR);
    }
    return r;
}

/* The path of a socket's address is short (108 bytes). A longer one is reached through an O_PATH descriptor. */
static int connect_path(int fd, const char *path, const struct cancel *cancel)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    _cleanup_close_ int path_fd = -1;

    if (strlen(path) < sizeof address.sun_path) {
        memcpy(address.sun_path, path, strlen(path) + 1);
    } else {
        path_fd = sys_openat(AT_FDCWD, path, O_PATH | O_CLOEXEC, 0);
        if (path_fd < 0)
            return path_fd;
        snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", path_fd);
    }
    return connect_patiently(fd, &address, cancel);
}

static int send_one(int fd, const char *payload, int sent_fd)
{
    char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = { 0 };
    struct cmsghdr *cmsg = (struct cmsghdr *) control;
    struct iovec data = { .iov_base = (void *) (uintptr_t) payload, .iov_len = strlen(payload) };
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
    };
    long n;

    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(cmsg), &sent_fd, sizeof(int));
    do
        n = sys_sendmsg(fd, &message, MSG_NOSIGNAL);
    while (n == -EINTR);
    return n < 0 ? (int) n : 0;
}

int descriptor_send(const char *path, const char *payload, int fd, const struct cancel *cancel, struct error *err)
{
    _cleanup_close_ int socket_fd = sys_socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int r;

    if (socket_fd < 0)
        return error_errno(err, socket_fd, "socket");
    r = connect_path(socket_fd, path, cancel);
    if (r == -EINTR)
        return error_set(err, r, "connect \"%s\": interrupted by a signal", path);
    if (r == -ENOENT)
        return error_set(err, r, "\"%s\" does not exist", path);
    if (r < 0)
        return error_errno(err, r, "connect \"%s\"", path);
    r = send_one(socket_fd, payload, fd);
    return r < 0 ? error_errno(err, r, "send %s to \"%s\"", payload, path) : 0;
}
