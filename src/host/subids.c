// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The subordinate ids of the calling user, subuid(5): lines USER:FIRST:COUNT, where USER is a name or a number. The
 * name is looked up in /etc/passwd itself: the name services of libc would be loaded as plug-ins into a program that
 * is privileged and, where it can be, static.
 */
#include "host/probes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"

#define DATABASE_LIMIT ((size_t) 16 << 20)

static const char *next_line(const char *line)
{
    line += strcspn(line, "\n");
    return *line ? line + 1 : line;
}

/* FIRST:COUNT of a line; COUNT ids from FIRST must fit into 32 bits. */
static bool range_parse(const char *text, struct id_map *ret_map)
{
    uint64_t first, count;

    if (sscanf(text, "%" SCNu64 ":%" SCNu64, &first, &count) != 2)
        return false;
    if (count == 0 || first > UINT32_MAX || count > UINT32_MAX || first + count > (uint64_t) UINT32_MAX + 1)
        return false;
    *ret_map = (struct id_map){ .host_id = (uint32_t) first, .size = (uint32_t) count };
    return true;
}

static bool line_belongs_to(const char *line, const char *owner)
{
    size_t length = owner ? strlen(owner) : 0;

    return length > 0 && strncmp(line, owner, length) == 0 && line[length] == ':';
}

int subids_parse(const char *text, const char *name, uint32_t uid, struct arena *arena, struct id_map **ret_maps,
                 size_t *ret_n)
{
    char number[16];
    struct id_map *maps;
    size_t n = 0, lines = 1;

    snprintf(number, sizeof number, "%" PRIu32, uid);
    for (const char *line = text; *line; line = next_line(line))
        lines++;
    maps = arena_new(arena, struct id_map, lines);
    if (!maps)
        return -ENOMEM;
    for (const char *line = text; *line; line = next_line(line))
        if (line_belongs_to(line, name) || line_belongs_to(line, number))
            n += range_parse(strchr(line, ':') + 1, &maps[n]);
    *ret_maps = maps;
    *ret_n = n;
    return 0;
}

const char *passwd_name(const char *text, uint32_t uid, struct arena *arena)
{
    for (const char *line = text; *line; line = next_line(line)) {
        size_t length = strcspn(line, ":\n");
        const char *password = line + length, *number;
        char *end;

        if (*password++ != ':')
            continue;
        number = password + strcspn(password, ":\n");
        if (*number++ != ':')
            continue;
        if (strtoul(number, &end, 10) == uid && end > number && *end == ':')
            return arena_strndup(arena, line, length);
    }
    return NULL;
}

static const char *user_name(uint32_t uid, struct arena *arena)
{
    _cleanup_free_ char *text = NULL;

    if (file_read(AT_FDCWD, "/etc/passwd", DATABASE_LIMIT, &text, NULL) < 0)
        return NULL;
    return passwd_name(text, uid, arena);
}

/* A file that is not there gives nothing: the user has no subordinate ids. */
static int read_ranges(const char *path, const char *name, uint32_t uid, struct arena *arena, struct id_map **ret_maps,
                       size_t *ret_n)
{
    _cleanup_free_ char *text = NULL;

    if (file_read(AT_FDCWD, path, DATABASE_LIMIT, &text, NULL) < 0)
        return 0;
    return subids_parse(text, name, uid, arena, ret_maps, ret_n);
}

int host_probe_subids(struct host *host, struct arena *arena, struct error *err)
{
    const char *name = user_name(host->euid, arena);
    int r = read_ranges("/etc/subuid", name, host->euid, arena, &host->subuids, &host->n_subuids);

    if (r >= 0)
        r = read_ranges("/etc/subgid", name, host->euid, arena, &host->subgids, &host->n_subgids);
    return r < 0 ? error_errno(err, r, "cannot read the subordinate ids") : 0;
}
