// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading documents: files, pipes, and what is given by mistake. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "spec/load.h"

/* A directory for one test, below which names are relative. */
struct place {
    char path[64];
    int fd;
};

static void place_init(struct place *place)
{
    *place = (struct place){ "/tmp/crun-document-XXXXXX", -1 };
    if (mkdtemp(place->path))
        place->fd = open(place->path, O_DIRECTORY | O_CLOEXEC);
}

static void place_done(struct place *place)
{
    for (const char *const *name = (const char *const[]){ "file", "fifo", "bad\nname", NULL }; *name; name++)
        unlinkat(place->fd, *name, 0);
    unlinkat(place->fd, "dir", AT_REMOVEDIR);
    close(place->fd);
    rmdir(place->path);
}

static bool put(const struct place *place, const char *name, const char *data, size_t size)
{
    return file_replace(place->fd, name, data, size, 0600) == 0;
}

static void a_file(void)
{
    _cleanup_(document_done) struct document document = { 0 };
    _cleanup_(place_done) struct place place;
    struct error err = { 0 };

    place_init(&place);
    CHECK(put(&place, "file", "{}\n", 3));
    CHECK_INT(document_read(&document, place.fd, "file", &err), 0);
    CHECK_STR(document.name, "file");
    CHECK_STR(document.text, "{}\n");
    CHECK_INT(document.size, 3);
}

static void what_is_not_a_document(void)
{
    _cleanup_(document_done) struct document document = { 0 };
    _cleanup_(place_done) struct place place;
    struct error err = { 0 };

    place_init(&place);
    CHECK_INT(document_read(&document, place.fd, "config.json", &err), -ENOENT);
    CHECK_STR(err.text, "open \"config.json\": no such file or directory");
    CHECK_INT(document_read(&document, place.fd, "bad\nname", &err), -ENOENT);
    CHECK_STR(err.text, "open \"bad\\nname\": no such file or directory");
    CHECK_INT(mkdirat(place.fd, "dir", 0700), 0);
    CHECK_INT(document_read(&document, place.fd, "dir", &err), -EISDIR);
    CHECK_STR(err.text, "read \"dir\": is a directory");
    CHECK(!document.text && document.size == 0);
}

static void too_large(void)
{
    _cleanup_(document_done) struct document document = { 0 };
    _cleanup_(place_done) struct place place;
    struct error err = { 0 };
    _cleanup_close_ int fd = -1;

    place_init(&place);
    fd = openat(place.fd, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    CHECK_INT(ftruncate(fd, (off_t) SPEC_FILE_LIMIT + 1), 0);
    CHECK_INT(document_read(&document, place.fd, "file", &err), -EFBIG);
    CHECK_STR(err.text, "file: larger than 32 MiB");
    CHECK_INT(document_read(&document, place.fd, "/dev/zero", &err), -EINVAL);
    CHECK_STR(err.text, "\"/dev/zero\" is a device, expected a file");
}

static void a_fifo_without_writer(void)
{
    _cleanup_(document_done) struct document document = { 0 };
    _cleanup_(place_done) struct place place;
    struct error err = { 0 };

    place_init(&place);
    CHECK_INT(mkfifoat(place.fd, "fifo", 0600), 0);
    CHECK_INT(document_read(&document, place.fd, "fifo", &err), -EINVAL);
    CHECK_STR(err.text, "\"fifo\" is a FIFO, expected a file");
}

/* A pipe by its name in /dev/fd, whose writer comes late and in pieces. */
static void a_slow_pipe(void)
{
    _cleanup_(document_done) struct document document = { 0 };
    struct error err = { 0 };
    char name[32];
    int ends[2];

    CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
    fflush(stdout);
    if (fork() == 0) {
        for (const char *p = "{ }"; *p; p++) {
            usleep(20000);
            if (write(ends[1], p, 1) != 1)
                _exit(1);
        }
        _exit(0);
    }
    close(ends[1]);
    snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
    CHECK_INT(document_read(&document, AT_FDCWD, name, &err), 0);
    CHECK_STR(document.text, "{ }");
    close(ends[0]);
}

static void standard_input(void)
{
    _cleanup_(document_done) struct document document = { 0 };
    struct error err = { 0 };
    int ends[2], old = dup(STDIN_FILENO);

    CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
    CHECK_INT(write(ends[1], "[]", 2), 2);
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    CHECK_INT(document_read(&document, AT_FDCWD, "-", &err), 0);
    CHECK_STR(document.name, "standard input");
    CHECK_STR(document.text, "[]");
    dup2(old, STDIN_FILENO);
    close(old);
    close(ends[0]);
}

static const struct test tests[] = {
    {"a file",                   a_file                },
    { "what is not a document",  what_is_not_a_document},
    { "too large",               too_large             },
    { "a FIFO without a writer", a_fifo_without_writer },
    { "a slow pipe",             a_slow_pipe           },
    { "standard input",          standard_input        },
};

TEST_MAIN(tests)
