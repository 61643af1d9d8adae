// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The attributes of a whole tree of mounts where mount_setattr(2) is missing or blocked: each mount below is found in
 * /proc/self/mountinfo (proc_pid_mountinfo(5)) and remounted alone. What cannot be changed is an error, for what was to
 * be read-only would be writable. Nothing of the container runs yet; in one that does run somebody could write in
 * between, so that there this is not done.
 */
#include "init/init.h"

enum { MOUNT_POINT = 4 }; /* fields of a line, from 0 */

struct table {
    int fd;
    size_t at, used;
    char buffer[4096];
};

/* The next byte; -1 at the end, other negative: -errno, which is never -EPERM (1) of a read. */
static int next_byte(struct table *table)
{
    long n;

    if (table->at < table->used)
        return (unsigned char) table->buffer[table->at++];
    n = sys_read(table->fd, table->buffer, sizeof table->buffer);
    if (n <= 0)
        return n < 0 ? (int) n : -1;
    table->used = (size_t) n;
    table->at = 1;
    return (unsigned char) table->buffer[0];
}

/* "\040" of a space: three octal digits behind a backslash. */
static int unescaped(struct table *table, int c)
{
    int value = 0;

    if (c != '\\')
        return c;
    for (int i = 0; i < 3; i++) {
        c = next_byte(table);
        if (c < '0' || c > '7')
            return -EINVAL;
        value = value * 8 + (c - '0');
    }
    return value;
}

static int skip_to(struct table *table, char end, int times)
{
    int c = 0;

    while (times > 0) {
        c = next_byte(table);
        if (c < 0)
            return c;
        times -= c == end;
    }
    return 0;
}

/* 1: PATH is where the next mount is, 0: there is none left. */
static int next_mount(struct table *table, char path[INIT_PATH_SIZE])
{
    size_t n = 0;
    int c, r = skip_to(table, ' ', MOUNT_POINT);

    if (r < 0)
        return r == -1 ? 0 : r;
    while ((c = next_byte(table)) != ' ') {
        c = unescaped(table, c);
        if (c < 0 || n == INIT_PATH_SIZE - 1)
            return c < 0 ? c : -ENAMETOOLONG;
        path[n++] = (char) c;
    }
    path[n] = '\0';
    r = skip_to(table, '\n', 1);
    return r < 0 ? r : 1;
}

/* What follows PREFIX in the path of something below it; NULL if it is not. */
static const char *below(const char *path, const char *prefix)
{
    size_t length = strlen(prefix);

    if (length == 1)
        return path[1] ? path : NULL;
    return text_starts(path, prefix) && path[length] == '/' ? path + length : NULL;
}

static int path_of(const struct init *init, int fd, char path[INIT_PATH_SIZE])
{
    char link[32];
    struct text text = text_init(link, sizeof link);
    long n;

    text_put(&text, "self/fd/");
    text_put_number(&text, fd);
    n = sys_readlinkat(init->proc_fd, link, path, INIT_PATH_SIZE - 1);
    path[n < 0 ? 0 : n] = '\0';
    return n < 0 ? (int) n : path[0] == '/' ? 0 : -ENOENT;
}

static int change_one(struct init *init, const char *target, const char *rest, unsigned how, uint64_t set,
                      uint64_t clear)
{
    char path[INIT_PATH_SIZE];
    struct text text = text_init(path, sizeof path);
    _cleanup_close_ int fd = -1;

    text_put(&text, target);
    text_put(&text, rest);
    fd = text.cut ? -ENAMETOOLONG : path_open(init, path, how);
    return fd < 0 ? fd : tree_change(init, fd, set, clear, false);
}

int tree_change_each(struct init *init, int fd, const char *target, unsigned how, uint64_t set, uint64_t clear)
{
    struct table table;
    char top[INIT_PATH_SIZE], path[INIT_PATH_SIZE];
    int r = path_of(init, fd, top), found = r;

    table.at = table.used = 0;
    table.fd = r < 0 ? r : sys_openat(init->proc_fd, "self/mountinfo", O_RDONLY | O_CLOEXEC, 0);
    if (table.fd < 0)
        return table.fd;
    r = tree_change(init, fd, set, clear, false);
    while (r >= 0 && (found = next_mount(&table, path)) > 0) {
        const char *rest = below(path, top);

        r = rest ? change_one(init, target, rest, how, set, clear) : 0;
    }
    sys_close(table.fd);
    return r < 0 ? r : found;
}
