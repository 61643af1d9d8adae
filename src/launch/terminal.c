// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Where the master of a container's terminal goes when crun-init has made it.
 *
 * To a console socket: one message, the name of the terminal as payload and the master beside it (SCM_RIGHTS), then the
 * connection is closed. Engines read the name into a small buffer, as a string without a NUL.
 *
 * To the foreground: it is made fit for our own side before the container's process runs, so that no byte is treated
 * otherwise than the next. Who adds the carriage returns? When our standard output is a terminal, the container's
 * terminal does, as its programs believe, and ours is raw (relay.c). When it is a pipe or a file, nobody does: ONLCR is
 * cleared, for a reader of the output wants the lines as they were written.
 */
#include "launch/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "sys/files.h"
#include "sys/sockets.h"

/* The path of a socket's address is short (108 bytes). A longer one is reached through an O_PATH descriptor. */
static int connect_path(int fd, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    _cleanup_close_ int path_fd = -1;
    int r;

    if (strlen(path) < sizeof address.sun_path) {
        memcpy(address.sun_path, path, strlen(path) + 1);
    } else {
        path_fd = sys_openat(AT_FDCWD, path, O_PATH | O_CLOEXEC, 0);
        if (path_fd < 0)
            return path_fd;
        snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", path_fd);
    }
    do
        r = sys_connect(fd, (struct sockaddr *) &address, sizeof address);
    while (r == -EINTR);
    return r;
}

static void name_of(int master, char *ret_name, size_t size)
{
    unsigned number = 0;

    if (sys_ioctl(master, TIOCGPTN, &number) < 0)
        snprintf(ret_name, size, "/dev/ptmx");
    else
        snprintf(ret_name, size, "/dev/pts/%u", number);
}

static int send_master(int fd, int master)
{
    char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = { 0 };
    struct cmsghdr *cmsg = (struct cmsghdr *) control;
    struct iovec data;
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
    };
    char name[32];
    long n;

    name_of(master, name, sizeof name);
    data = (struct iovec){ .iov_base = name, .iov_len = strlen(name) };
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(cmsg), &master, sizeof(int));
    do
        n = sys_sendmsg(fd, &message, MSG_NOSIGNAL);
    while (n == -EINTR);
    return n < 0 ? (int) n : 0;
}

static int send_to_socket(const char *path, int master, struct error *err)
{
    _cleanup_close_ int fd = sys_socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int r;

    if (fd < 0)
        return error_errno(err, fd, "socket for --console-socket");
    r = connect_path(fd, path);
    if (r < 0)
        return error_errno(err, r, "--console-socket: connect \"%s\"", path);
    r = send_master(fd, master);
    return r < 0 ? error_errno(err, r, "--console-socket: send the terminal to \"%s\"", path) : 0;
}

/* On a master these calls reach the other end, the container's. */
static void keep_lines(int master)
{
    struct termios modes;

    if (tcgetattr(master, &modes) < 0)
        return;
    modes.c_oflag &= ~(tcflag_t) ONLCR;
    tcsetattr(master, TCSANOW, &modes);
}

int terminal_received(struct launch *launch, int *fd, struct error *err)
{
    int r;

    if (*fd < 0)
        return error_set(err, -EPROTO, "crun-init sent no terminal");
    if (!launch->console_socket) {
        terminal_copy_size(*fd);
        if (!isatty(STDOUT_FILENO))
            keep_lines(*fd);
        fd_close(&launch->terminal_fd);
        launch->terminal_fd = take_fd(fd);
        return 0;
    }
    r = send_to_socket(launch->console_socket, *fd, err);
    if (r < 0)
        return r;
    fd_close(fd);
    launch->terminal_sent = true;
    return 0;
}

void terminal_copy_size(int master)
{
    struct winsize size;

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (sys_ioctl(fd, TIOCGWINSZ, &size) < 0)
            continue;
        if (size.ws_row && size.ws_col)
            sys_ioctl(master, TIOCSWINSZ, &size);
        return;
    }
}
