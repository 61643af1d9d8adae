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
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"

#define DATABASE_LIMIT ((size_t) 16 << 20)

enum { CAPABILITY_DAC_OVERRIDE = 1 };

static const char *next_line(const char *line)
{
    line += strcspn(line, "\n");
    return *line ? line + 1 : line;
}

/* FIRST:COUNT and the end of a line, as newuidmap(1) has it; COUNT ids from FIRST must fit into 32 bits. */
static bool range_parse(const char *text, struct id_map *ret_map)
{
    uint64_t first, count;
    int length;

    if (sscanf(text, "%" SCNu64 ":%" SCNu64 "%n", &first, &count, &length) != 2 ||
        (text[length] && text[length] != '\n'))
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

/* ---- the maps of our own user namespace ---- */

static bool is_identity(const struct id_map *map)
{
    return map->container_id == 0 && map->host_id == 0 && map->size == UINT32_MAX;
}

int own_map_parse(const char *text, struct arena *arena, struct id_map **ret_maps, size_t *ret_n)
{
    struct id_map *maps;
    size_t n = 0, lines = 1;

    for (const char *line = text; *line; line = next_line(line))
        lines++;
    maps = arena_new(arena, struct id_map, lines);
    if (!maps)
        return -ENOMEM;
    for (const char *line = text; *line; line = next_line(line))
        n += sscanf(line, "%" SCNu32 " %" SCNu32 " %" SCNu32, &maps[n].container_id, &maps[n].host_id, &maps[n].size) ==
             3;
    *ret_maps = maps;
    *ret_n = n == 1 && is_identity(&maps[0]) ? 0 : n;
    return 0;
}

static int read_map(const char *path, struct arena *arena, struct id_map **ret_maps, size_t *ret_n)
{
    _cleanup_free_ char *text = NULL;

    if (file_read(AT_FDCWD, path, DATABASE_LIMIT, &text, NULL) < 0)
        return 0;
    return own_map_parse(text, arena, ret_maps, ret_n);
}

int host_id_map(int pid, const char *name, struct arena *arena, struct id_map **ret_maps, size_t *ret_n)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    return read_map(path, arena, ret_maps, ret_n);
}

/* ---- the helpers of newuidmap(1) ---- */

/* NAME in a directory of the list PATH. */
static const char *find_program(const char *path, const char *name, struct arena *arena)
{
    while (*path) {
        size_t length = strcspn(path, ":");
        const char *file = *path == '/' ? arena_printf(arena, "%.*s/%s", (int) length, path, name) : NULL;

        if (file && access(file, X_OK) == 0)
            return file;
        path += length + (path[length] == ':');
    }
    return NULL;
}

static bool may_have(int capability)
{
    return prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1;
}

/* What a program that becomes root, and is not the owner of the user namespace, needs to open and to write its map. */
static bool may_write_as_root(void)
{
    return may_have(HOST_CAP_SYS_ADMIN) && may_have(CAPABILITY_DAC_OVERRIDE);
}

/* FILE would get CAPABILITY: by its capabilities, or by becoming root (capabilities(7)), which a nosuid mount and the bounding
 * set forbid. What has neither may be a script that calls the real one: it is tried. */
static const char *with_power(const struct host *host, const char *file, int capability)
{
    bool becomes_root;
    struct statvfs fs;
    struct stat st;

    if (!file || !may_have(capability) || stat(file, &st) < 0 || statvfs(file, &fs) < 0)
        return NULL;
    becomes_root = st.st_mode & S_ISUID && st.st_uid == 0;
    if (host->euid == 0 || (!becomes_root && getxattr(file, "security.capability", NULL, 0) <= 0))
        return file;
    return fs.f_flag & ST_NOSUID || (becomes_root && !may_write_as_root()) ? NULL : file;
}

/* They work by a set-user-ID bit or file capabilities, which mean nothing once no_new_privs is set. */
static void find_helpers(struct host *host, struct arena *arena)
{
    const char *path = arena_printf(arena, "%s:/usr/bin:/bin:/usr/local/bin", host->path ? host->path : "/usr/bin");

    if (!path || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
        return;
    host->newuidmap = with_power(host, find_program(path, "newuidmap", arena), HOST_CAP_SETUID);
    host->newgidmap = with_power(host, find_program(path, "newgidmap", arena), HOST_CAP_SETGID);
}

int host_probe_subids(struct host *host, struct arena *arena, struct error *err)
{
    const char *name = user_name(host->euid, arena);
    int r = read_ranges("/etc/subuid", name, host->euid, arena, &host->subuids, &host->n_subuids);

    if (r >= 0)
        r = read_ranges("/etc/subgid", name, host->euid, arena, &host->subgids, &host->n_subgids);
    if (r >= 0)
        r = read_map("/proc/self/uid_map", arena, &host->own_uids, &host->n_own_uids);
    if (r >= 0)
        r = read_map("/proc/self/gid_map", arena, &host->own_gids, &host->n_own_gids);
    find_helpers(host, arena);
    return r < 0 ? error_errno(err, r, "cannot read the subordinate ids") : 0;
}
