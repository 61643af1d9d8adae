// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The mounts that `mounts add` has made in a container: its file `mounts`, one record a mount, "NUMBER DESTINATION" and a
 * NUL (a destination may hold a newline). It is replaced as a whole, under the directory's lock.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "state/state.h"

enum { FILE_LIMIT = 64 << 20 };

static size_t count(const char *text, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < size; i++)
        n += text[i] == '\0';
    return n;
}

static int parse(const char *text, size_t size, struct arena *arena, struct plan_added_mount **ret, size_t *ret_n)
{
    size_t n = count(text, size), used = 0;
    struct plan_added_mount *mounts = arena_new(arena, struct plan_added_mount, n + 1);

    if (!mounts)
        return -ENOMEM;
    for (const char *record = text; used < n; record += strlen(record) + 1) {
        char *path;

        mounts[used].id = strtoull(record, &path, 10);
        if (path == record || path[0] != ' ' || path[1] != '/')
            return -EINVAL;
        mounts[used++].destination = arena_strdup(arena, path + 1);
    }
    *ret = mounts;
    *ret_n = n;
    return arena->failed ? -ENOMEM : 0;
}

int state_mounts_read(int dir_fd, struct arena *arena, struct plan_added_mount **ret_mounts, size_t *ret_n,
                      struct error *err)
{
    _cleanup_free_ char *text = NULL;
    size_t size = 0;
    int r = file_read(dir_fd, STATE_MOUNTS, FILE_LIMIT, &text, &size);

    if (r == -ENOENT)
        r = parse("", 0, arena, ret_mounts, ret_n);
    else if (r >= 0)
        r = parse(text, size, arena, ret_mounts, ret_n);
    return r < 0 ? error_errno(err, r, "read the container's list of added mounts") : 0;
}

int state_mounts_write(int dir_fd, const struct plan_added_mount *mounts, size_t n, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    size_t size = 0, used = 0;
    int r;

    for (size_t i = 0; i < n; i++)
        size += strlen(mounts[i].destination) + 24;
    text = malloc(size + 1);
    if (!text)
        return error_errno(err, -ENOMEM, "write the container's list of added mounts");
    for (size_t i = 0; i < n; i++)
        used += (size_t) sprintf(text + used, "%llu %s", (unsigned long long) mounts[i].id, mounts[i].destination) + 1;
    r = file_replace(dir_fd, STATE_MOUNTS, text, used, 0600);
    return r < 0 ? error_errno(err, r, "write the container's list of added mounts") : 0;
}
