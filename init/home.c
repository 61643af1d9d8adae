// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * HOME from the container's own /etc/passwd. The file is the image's: it is opened beneath the root, must be a regular
 * file, and is read in pieces; a line that does not fit or does not parse is passed over. An unknown uid lives in "/".
 */
#include "init/init.h"

enum { FIELD_UID = 2, FIELD_HOME = 5, LINE_SIZE = 4096, PASSWD_LIMIT = 1 << 20 };

struct lines {
    int fd, failed; /* -errno of a read */
    size_t used, at, total;
    char buffer[LINE_SIZE];
};

static int open_passwd(const struct init *init)
{
    _cleanup_close_ int fd = path_open(init, "/etc/passwd", 0);
    struct stat st;
    int r = fd < 0 ? fd : sys_fstat(fd, &st);

    if (r < 0)
        return r;
    if (!S_ISREG(st.st_mode))
        return -ENOENT;
    return path_reopen(init, fd, O_RDONLY | O_NOCTTY | O_NONBLOCK);
}

/* Move what is left to the front and read behind it. False at the end. */
static bool lines_fill(struct lines *lines)
{
    size_t left = lines->used - lines->at;
    long n;

    if (left == sizeof lines->buffer)
        left = 0; /* a line longer than the buffer: its tail parses as nothing */
    memmove(lines->buffer, lines->buffer + lines->at, left);
    lines->at = 0;
    lines->used = left;
    n = lines->total > PASSWD_LIMIT ? 0 : sys_read(lines->fd, lines->buffer + left, sizeof lines->buffer - left);
    lines->failed = n < 0 ? (int) n : 0;
    if (n <= 0)
        return false;
    lines->used += (size_t) n;
    lines->total += (size_t) n;
    return true;
}

/* The next line without its end; NULL after the last. */
static const char *lines_next(struct lines *lines, const char **ret_end)
{
    for (;;) {
        const char *begin = lines->buffer + lines->at, *end = lines->buffer + lines->used;

        for (const char *c = begin; c < end; c++)
            if (*c == '\n') {
                lines->at = (size_t) (c + 1 - lines->buffer);
                *ret_end = c;
                return begin;
            }
        if (!lines_fill(lines))
            break;
    }
    *ret_end = lines->buffer + lines->used;
    lines->at = lines->used;
    return *ret_end > lines->buffer ? lines->buffer : NULL;
}

static const char *field(const char *line, const char *end, int number, const char **ret_end)
{
    const char *c;

    for (; number > 0 && line < end; line++)
        number -= *line == ':';
    for (c = line; c < end && *c != ':';)
        c++;
    *ret_end = c;
    return number ? end : line;
}

static bool home_of_line(struct text *home, const char *line, const char *end, int64_t uid)
{
    const char *stop, *value = field(line, end, FIELD_UID, &stop);

    if (value == stop || text_number(value, stop) != uid)
        return false;
    value = field(line, end, FIELD_HOME, &stop);
    if (value == stop || *value == '\0')
        return false;
    text_put_bytes(home, value, (size_t) (stop - value));
    return true;
}

/* 1: written down, 0: there is no such uid, or why that cannot be told. */
static int home_of_uid(struct text *home, int fd, int64_t uid)
{
    struct lines lines;
    const char *line, *end;

    lines.fd = fd;
    lines.failed = 0;
    lines.used = lines.at = lines.total = 0;
    while ((line = lines_next(&lines, &end)))
        if (home_of_line(home, line, end, uid))
            return 1;
    return lines.failed;
}

/* The image has none that we can read. All else is wrong with us, or the machine: another home than the image's would be a
 * guess. */
static bool has_no_passwd(int code)
{
    return code == -ENOENT || code == -ENOTDIR || code == -ELOOP || code == -EACCES || code == -ENAMETOOLONG ||
           code == -ENXIO || code == -ENODEV;
}

int init_home(struct init *init, const struct op_home *op)
{
    struct text home = text_init(init->home, sizeof init->home);
    _cleanup_close_ int fd = open_passwd(init);
    int r;

    text_put(&home, "HOME=");
    r = fd < 0 ? fd : home_of_uid(&home, fd, op->uid);
    if (r < 0 && !has_no_passwd(r))
        return init_fail(init, r, "read", "/etc/passwd");
    if (r <= 0)
        text_put(&home, "/");
    return 0;
}
