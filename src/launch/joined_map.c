// SPDX-License-Identifier: LGPL-2.1-or-later
/* The ranges need not be the same, nor in the same order: who wrote the map may have split or joined them, and the kernel
 * sorts a long list. */
#include "launch/joined_map.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/fd.h"
#include "spec/spec.h"

enum { SHOWN = 200 }; /* bytes of a map in the error */

struct map {
    struct id_map *ranges;
    size_t n;
    uint64_t total; /* ids */
};

static int parse(const char *text, struct arena *arena, struct map *ret)
{
    *ret = (struct map){ .ranges = arena_alloc(arena, strlen(text) / 6 + 1, sizeof *ret->ranges) };
    for (const char *line = text; ret->ranges && line; line = strchr(line, '\n')) {
        struct id_map *range = &ret->ranges[ret->n];

        line += *line == '\n';
        if (sscanf(line, "%" SCNu32 " %" SCNu32 " %" SCNu32, &range->container_id, &range->host_id, &range->size) != 3)
            continue;
        ret->total += range->size;
        ret->n++;
    }
    return ret->ranges ? 0 : -ENOMEM;
}

/* How many of the ids of RANGE, from its first on, MAP maps alike. */
static uint32_t alike(const struct map *map, const struct id_map *range)
{
    for (size_t i = 0; i < map->n; i++) {
        const struct id_map *own = &map->ranges[i];
        uint32_t skipped = range->container_id - own->container_id;

        if (range->container_id < own->container_id || skipped >= own->size)
            continue;
        if (own->host_id + skipped != range->host_id)
            return 0;
        return own->size - skipped < range->size ? own->size - skipped : range->size;
    }
    return 0;
}

static bool is_same(const struct map *a, const struct map *b)
{
    if (a->total != b->total)
        return false;
    for (size_t i = 0; i < a->n; i++) {
        struct id_map rest = a->ranges[i];

        while (rest.size > 0) {
            uint32_t n = alike(b, &rest);

            if (n == 0)
                return false;
            rest = (struct id_map){ rest.container_id + n, rest.host_id + n, rest.size - n };
        }
    }
    return true;
}

/* As config.json has it: "0 100000 65536, 65536 200000 1". */
static const char *words(const struct map *map, char buffer[SHOWN])
{
    size_t used = 0;

    buffer[0] = '\0';
    for (size_t i = 0; i < map->n && used < SHOWN; i++)
        used += (size_t) snprintf(buffer + used, SHOWN - used, "%s%" PRIu32 " %" PRIu32 " %" PRIu32, i ? ", " : "",
                                  map->ranges[i].container_id, map->ranges[i].host_id, map->ranges[i].size);
    return buffer;
}

int joined_map_check(int pid, const char *file, const char *wanted, struct error *err)
{
    _cleanup_(arena_done) struct arena arena = { 0 };
    _cleanup_free_ char *text = NULL;
    char path[64], there[SHOWN], here[SHOWN];
    struct map own, given;
    int r = arena_init(&arena, ARENA_DEFAULT_SIZE, err);

    snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
    if (r < 0 || file_read(AT_FDCWD, path, 1 << 20, &text, NULL) < 0)
        return r;
    if (parse(text, &arena, &own) < 0 || parse(wanted, &arena, &given) < 0)
        return error_errno(err, -ENOMEM, "%s", file);
    if (is_same(&own, &given))
        return 0;
    return error_set(err, -EINVAL,
                     "\"%s\" is not what the user namespace that is joined has, \"%s\" (give the same, or none)",
                     words(&given, here), words(&own, there));
}
