// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One of our standard streams, read and written without ever waiting.
 *
 * O_NONBLOCK belongs to the open file description, which we share with the shell that started us and with whatever runs
 * after us: setting it there breaks them (and being killed leaves it set). So a terminal or a pipe is opened once more
 * through /proc/self/fd, which gives a description of our own; a socket is asked with MSG_DONTWAIT; files and devices
 * do not make anybody wait and keep their shared offset. Where a second open is refused (another user's terminal, no
 * /proc), poll(2) must have said "ready", and a write is kept so short that it then does not wait either.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct stream {
    int fd;
    bool reopened; /* FD is ours: non-blocking, to be closed */
    bool socket;
    size_t limit; /* of one write */
};

/* FLAGS: O_RDONLY or O_WRONLY. Never fails: a closed FD shows at the first read or write. */
void stream_open(struct stream *stream, int fd, int flags);
void stream_close(struct stream *stream);

/* As read(2) and write(2), after poll(2) said so; -errno. No SIGPIPE from a socket. */
long stream_read(const struct stream *stream, void *buffer, size_t size);
long stream_write(const struct stream *stream, const void *data, size_t size);
