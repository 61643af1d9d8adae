// SPDX-License-Identifier: LGPL-2.1-or-later
/* Ranges of ids in the text of a mount option; see idmap_option.h. */
#include "plan/idmap_option.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct range {
    bool relative;
    unsigned long long numbers[3]; /* id in the file system, id shown, count */
};

/* What follows "KEY=" up to ";", or NULL. */
static const char *find(const char *ranges, const char *key)
{
    size_t length = strlen(key);

    while (*ranges) {
        if (strncmp(ranges, key, length) == 0 && ranges[length] == '=')
            return ranges + length + 1;
        ranges += strcspn(ranges, ";");
        ranges += *ranges == ';';
    }
    return NULL;
}

static bool is_end(char c)
{
    return c == '\0' || c == ';' || c == '#';
}

/* One range at *TEXT, which is moved behind it and its "#". */
static bool read_range(const char **text, struct range *range)
{
    const char *at = *text;

    range->relative = *at == '@';
    at += range->relative;
    for (int i = 0; i < 3; i++) {
        char *end;

        if (*at < '0' || *at > '9')
            return false;
        errno = 0;
        range->numbers[i] = strtoull(at, &end, 10);
        if (errno || range->numbers[i] > UINT32_MAX || (i < 2 ? *end != '-' : !is_end(*end)))
            return false;
        at = end + (i < 2 || (*end == '#' && !is_end(end[1])));
    }
    *text = at;
    return range->numbers[2] > 0;
}

/* From an id of the container to one of the host: the whole range must lie in one of the namespace's. */
static bool make_absolute(struct range *range, const struct id_map *maps, size_t n)
{
    unsigned long long first = range->numbers[1], count = range->numbers[2];

    for (size_t i = 0; i < n; i++) {
        const struct id_map *map = &maps[i];

        if (first < map->container_id || first + count > (unsigned long long) map->container_id + map->size)
            continue;
        range->numbers[1] = map->host_id + (first - map->container_id);
        return true;
    }
    return false;
}

/* Each of both keys once, and nothing else. */
static bool has_known_keys(const char *ranges)
{
    static const char *const keys[] = { "uids=", "gids=" };
    bool seen[2] = { false };

    while (*ranges) {
        size_t which = strncmp(ranges, keys[0], 5) == 0 ? 0 : 1;

        if (strncmp(ranges, keys[which], 5) != 0 || seen[which])
            return false;
        seen[which] = true;
        ranges += strcspn(ranges, ";");
        ranges += *ranges == ';';
    }
    return true;
}

const char *idmap_option_lines(struct planner *planner, const char *where, const char *ranges, const char *key,
                               const struct id_map *maps, size_t n_maps)
{
    const char *text = find(ranges, key), *lines = "";

    do {
        struct range range;

        if (!text || !has_known_keys(ranges) || !read_range(&text, &range)) {
            plan_fail(planner, -EINVAL, "%s: expected \"idmap=uids=C-H-N#C-H-N;gids=C-H-N\", found \"idmap=%s\"", where,
                      ranges);
            return "";
        }
        if (range.relative && !make_absolute(&range, maps, n_maps)) {
            plan_fail(planner, -EINVAL,
                      "%s: \"idmap=%s\": @%llu-%llu-%llu does not lie in one range of linux.%cidMappings", where,
                      ranges, range.numbers[0], range.numbers[1], range.numbers[2], key[0]);
            return "";
        }
        lines = arena_printf(planner->arena, "%s%llu %llu %llu\n", lines, range.numbers[0], range.numbers[1],
                             range.numbers[2]);
    } while (lines && *text && *text != ';');
    return lines;
}
