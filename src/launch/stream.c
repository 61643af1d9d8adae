// SPDX-License-Identifier: LGPL-2.1-or-later
/* Standard streams without waiting; see stream.h. */
#include "launch/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "sys/files.h"
#include "sys/sockets.h"

/* A terminal calls itself writable with one byte of room; what is a little above hurts only for an instant. */
enum { TERMINAL_WRITE = 256 };

/* The master of a pseudo-terminal is one as well, but to open it again makes another pair. */
static bool is_terminal(int fd)
{
    unsigned number = 0;

    return isatty(fd) && sys_ioctl(fd, TIOCGPTN, &number) < 0;
}

static int open_again(int fd, int flags)
{
    char path[32];

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return sys_openat(AT_FDCWD, path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
}

void stream_open(struct stream *stream, int fd, int flags)
{
    bool terminal = is_terminal(fd);
    size_t short_write = terminal ? TERMINAL_WRITE : PIPE_BUF;
    struct stat st = { 0 };
    int again = -1;

    if (fstat(fd, &st) == 0 && (terminal || S_ISFIFO(st.st_mode)))
        again = open_again(fd, flags);
    *stream = (struct stream){
        .fd = again >= 0 ? again : fd,
        .reopened = again >= 0,
        .socket = S_ISSOCK(st.st_mode),
        .limit = again >= 0 || S_ISREG(st.st_mode) ? SIZE_MAX : short_write,
    };
}

void stream_close(struct stream *stream)
{
    if (stream->reopened)
        fd_close(&stream->fd);
    stream->reopened = false;
}

long stream_read(const struct stream *stream, void *buffer, size_t size)
{
    struct iovec data = { .iov_base = buffer, .iov_len = size };
    struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

    return stream->socket ? sys_recvmsg(stream->fd, &message, MSG_DONTWAIT) : sys_read(stream->fd, buffer, size);
}

long stream_write(const struct stream *stream, const void *data, size_t size)
{
    size_t part = size < stream->limit ? size : stream->limit;
    struct iovec vector = { .iov_base = (void *) (uintptr_t) data, .iov_len = part };
    struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };

    if (stream->socket)
        return sys_sendmsg(stream->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sys_write(stream->fd, data, part);
}
