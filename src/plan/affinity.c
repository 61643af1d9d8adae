// SPDX-License-Identifier: LGPL-2.1-or-later
/* cpuset list notation to a bit mask, as long as its highest number needs. */
#include "plan/affinity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct range {
    long first, last;
};

/* One range at *TEXT; moves *TEXT behind it and its separator. */
static bool next_range(const char **text, struct range *range)
{
    char *end;

    range->first = range->last = strtol(*text, &end, 10);
    if (end == *text)
        return false;
    while (*end == ' ')
        end++;
    if (*end == '-') {
        const char *second = end + 1;

        range->last = strtol(second, &end, 10);
        if (end == second)
            return false;
        while (*end == ' ')
            end++;
    }
    if (*end && *end != ',')
        return false;
    *text = end + (*end == ',');
    return range->first >= 0 && range->first <= range->last;
}

/* The highest number of LIST; -1 after an error. */
static long find_last(struct planner *planner, const char *list, long highest, const char *field)
{
    const char *rest = list;
    long last = 0;

    while (*rest) {
        struct range range;

        if (!next_range(&rest, &range)) {
            plan_fail(planner, -EINVAL, "%s: expected a list of numbers such as \"0-3,8\", found \"%s\"", field, list);
            return -1;
        }
        if (range.last > highest) {
            plan_fail(planner, -EINVAL, "%s: expected no number above %ld, found \"%s\"", field, highest, list);
            return -1;
        }
        last = range.last > last ? range.last : last;
    }
    return last;
}

void plan_number_list_check(struct planner *planner, const char *list, long highest, const char *field)
{
    if (list)
        find_last(planner, list, highest, field);
}

struct op_bytes plan_number_list(struct planner *planner, const char *list, long highest, const char *field)
{
    long last = find_last(planner, list, highest, field);
    size_t size = ((size_t) last / 64 + 1) * 8;
    unsigned char *bits = last < 0 ? NULL : arena_alloc(planner->arena, 1, size);
    struct range range;

    if (!bits)
        return (struct op_bytes){ 0 };
    while (*list && next_range(&list, &range))
        for (long i = range.first; i <= range.last; i++)
            bits[i / 8] |= (unsigned char) (1 << (i % 8));
    return plan_bytes(planner, bits, size);
}
