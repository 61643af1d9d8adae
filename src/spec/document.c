// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reading a document into memory; see load.h. The name may be anything that a user or an engine gives: a file, standard
 * input, a pipe as /dev/fd/N, and by mistake a directory, a FIFO that nobody writes to, an endless device. So the file
 * is opened without blocking, looked at, and read up to the limit.
 */
#include "spec/load.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "spec/excerpt.h"

struct printable_name {
    char text[1024];
};

static const char *printable(struct printable_name *buffer, const char *name)
{
    return excerpt(buffer->text, sizeof buffer->text, name, strlen(name), sizeof buffer->text, 0);
}

static int too_large(const char *name, struct error *err)
{
    struct printable_name shown;

    return error_set(err, -EFBIG, "%s: larger than %zu MiB", printable(&shown, name), SPEC_FILE_LIMIT >> 20);
}

/* Blocking again: a pipe's writer may be slower than we are. A FIFO without a writer reads as empty all the same. */
static int make_blocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0 ? -errno : 0;
}

static int open_document(int dir_fd, const char *name, struct error *err)
{
    struct printable_name shown;
    int fd;

    if (strcmp(name, "-") == 0)
        fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    else
        fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return error_errno(err, -errno, "open \"%s\"", printable(&shown, name));
    return fd;
}

/* A FIFO in a file system may never get a writer; a pipe has had one. */
static bool is_pipe(int fd)
{
    struct statfs fs;

    return fstatfs(fd, &fs) == 0 && fs.f_type == PIPEFS_MAGIC;
}

/* What holds no document for sure; NULL if it may. */
static const char *wrong_kind(int fd, const struct stat *st)
{
    if (S_ISFIFO(st->st_mode))
        return is_pipe(fd) ? NULL : "a FIFO";
    return S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode) ? "a device" : NULL;
}

/* What the file is decides before anything is read. *RET_SIZE: of a regular file, or 0. */
static int check_file(int fd, const char *name, size_t *ret_size, struct error *err)
{
    struct printable_name shown;
    struct stat st;
    int r = fstat(fd, &st) < 0 ? -errno : S_ISDIR(st.st_mode) ? -EISDIR : 0;
    const char *kind = r == 0 && strcmp(name, "-") != 0 ? wrong_kind(fd, &st) : NULL;

    if (kind)
        return error_set(err, -EINVAL, "\"%s\" is %s, expected a file", printable(&shown, name), kind);

    if (r == 0 && !S_ISREG(st.st_mode) && strcmp(name, "-") != 0)
        r = make_blocking(fd);
    if (r < 0)
        return error_errno(err, r, "read \"%s\"", printable(&shown, name));
    *ret_size = S_ISREG(st.st_mode) && strcmp(name, "-") != 0 ? (size_t) st.st_size : 0;
    if (S_ISREG(st.st_mode) && (size_t) st.st_size > SPEC_FILE_LIMIT)
        return too_large(name, err);
    return 0;
}

int document_read(struct document *document, int dir_fd, const char *name, struct error *err)
{
    _cleanup_close_ int fd = open_document(dir_fd, name, err);
    struct printable_name shown;
    size_t size = 0;
    int r;

    *document = (struct document){ .name = strcmp(name, "-") == 0 ? "standard input" : name };
    if (fd < 0)
        return fd;
    r = check_file(fd, name, &size, err);
    if (r < 0)
        return r;
    r = fd_read_sized(fd, size, SPEC_FILE_LIMIT, &document->text, &document->size);
    if (r == -EFBIG)
        return too_large(name, err);
    if (r < 0)
        return error_errno(err, r, "read \"%s\"", printable(&shown, name));
    return 0;
}

void document_done(struct document *document)
{
    free(document->text);
    *document = (struct document){ 0 };
}
