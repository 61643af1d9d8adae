// SPDX-License-Identifier: LGPL-2.1-or-later
/* Descriptors and whole small files; see fd.h. */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/directory.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4
#endif

void fd_closep(const int *fd)
{
    int saved = errno;

    if (*fd >= 0)
        close(*fd);
    errno = saved;
}

void freep(void *pointer)
{
    free(*(void **) pointer);
}

void fd_close(int *fd)
{
    fd_closep(fd);
    *fd = -1;
}

static void close_now(int fd)
{
    close(fd);
}

static void close_on_exec(int fd)
{
    fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* Those in BUFFER, by their names; the directory itself is one of them. */
static void visit_entries(const char *buffer, long size, int first, int directory, void (*visit)(int fd))
{
    for (long at = 0; at < size;) {
        const struct directory_entry *entry = (const struct directory_entry *) (buffer + at);
        int fd = atoi(entry->name);

        if (fd >= first && fd != directory)
            visit(fd);
        at += entry->length;
    }
}

static void visit_from(int first, void (*visit)(int fd))
{
    _Alignas(struct directory_entry) char buffer[2048];
    int directory = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    long n;

    while (directory >= 0 && (n = syscall(SYS_getdents64, directory, buffer, sizeof buffer)) > 0)
        visit_entries(buffer, n, first, directory, visit);
    fd_close(&directory);
}

/* close_range(2) is of Linux 5.9, and old sandboxes block it. */
void fd_close_from(int first)
{
    if (syscall(SYS_close_range, first, ~0u, 0) < 0)
        visit_from(first, close_now);
}

void fd_close_on_exec_from(int first)
{
    if (syscall(SYS_close_range, first, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
        visit_from(first, close_on_exec);
}

int fd_write_all(int fd, const void *data, size_t size)
{
    const char *next = data;

    while (size > 0) {
        ssize_t n = write(fd, next, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        next += n;
        size -= (size_t) n;
    }
    return 0;
}

/* What tells the end of a file: a read of nothing, its size, or a read that is less than it could be. */
enum read_end { READ_NOTHING, READ_SIZE, READ_RECORD };

/* Make room for at least one more byte and the NUL; doubling keeps the number of copies logarithmic. */
static int grow(char **buffer, size_t *capacity, size_t used)
{
    size_t wanted = *capacity ? *capacity * 2 : 4096;
    char *larger;

    if (used + 1 < *capacity)
        return 0;
    larger = realloc(*buffer, wanted);
    if (!larger)
        return -ENOMEM;
    *buffer = larger;
    *capacity = wanted;
    return 0;
}

/* Whether there is nothing behind the USED bytes that are there: the last read, of N bytes, did not fill its ROOM. */
static bool is_all(enum read_end end, size_t used, size_t size, size_t n, size_t room)
{
    return end == READ_RECORD ? n < room : end == READ_SIZE && used == size;
}

static int read_to_end(int fd, enum read_end end, size_t size, size_t limit, char **ret_data, size_t *ret_size)
{
    _cleanup_free_ char *buffer = NULL;
    size_t capacity = 0, used = 0;

    for (;;) {
        int r = grow(&buffer, &capacity, used);
        ssize_t n;

        if (r < 0)
            return r;
        n = read(fd, buffer + used, capacity - used - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        used += (size_t) n;
        if (used > limit)
            return -EFBIG;
        if (is_all(end, used, size, (size_t) n, capacity - (used - (size_t) n) - 1))
            break;
    }
    buffer[used] = '\0';
    if (ret_size)
        *ret_size = used;
    *ret_data = buffer;
    buffer = NULL;
    return 0;
}

int fd_read_all(int fd, size_t limit, char **ret_data, size_t *ret_size)
{
    return read_to_end(fd, READ_NOTHING, 0, limit, ret_data, ret_size);
}

int fd_read_sized(int fd, size_t size, size_t limit, char **ret_data, size_t *ret_size)
{
    return read_to_end(fd, READ_SIZE, size, limit, ret_data, ret_size);
}

int file_read_record(int dir_fd, const char *path, size_t limit, char **ret_data)
{
    _cleanup_close_ int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0)
        return -errno;
    return read_to_end(fd, READ_RECORD, 0, limit, ret_data, NULL);
}

int file_read(int dir_fd, const char *path, size_t limit, char **ret_data, size_t *ret_size)
{
    _cleanup_close_ int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0)
        return -errno;
    return fd_read_all(fd, limit, ret_data, ret_size);
}

int file_write(int dir_fd, const char *path, const char *text)
{
    _cleanup_close_ int fd = openat(dir_fd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    ssize_t n;

    if (fd < 0)
        return -errno;
    do
        n = write(fd, text, strlen(text));
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

int file_replace(int dir_fd, const char *name, const void *data, size_t size, unsigned mode)
{
    char temporary[300];
    int r;

    if (snprintf(temporary, sizeof temporary, ".%s.new", name) >= (int) sizeof temporary)
        return -ENAMETOOLONG;
    {
        _cleanup_close_ int fd =
            openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, (mode_t) mode);

        if (fd < 0)
            return -errno;
        r = fd_write_all(fd, data, size);
    }
    if (r == 0 && renameat(dir_fd, temporary, dir_fd, name) < 0)
        r = -errno;
    if (r < 0)
        unlinkat(dir_fd, temporary, 0);
    return r;
}
