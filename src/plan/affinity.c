// SPDX-License-Identifier: LGPL-2.1-or-later
/* cpuset list notation to a bit mask, as long as its highest number needs. */
#include "plan/affinity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { HIGHEST = 65535 };

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
    return range->first >= 0 && range->first <= range->last && range->last <= HIGHEST;
}

struct op_bytes plan_number_list(struct planner *planner, const char *list, const char *field)
{
    unsigned char bits[(HIGHEST + 1) / 8] = { 0 };
    const char *rest = list;
    size_t size = 0;

    while (*rest) {
        struct range range;

        if (!next_range(&rest, &range)) {
            plan_fail(planner, -EINVAL, "%s: expected a list of numbers such as \"0-3,8\", found \"%s\"", field, list);
            return (struct op_bytes){ 0 };
        }
        for (long i = range.first; i <= range.last; i++)
            bits[i / 8] |= (unsigned char) (1 << (i % 8));
        if ((size_t) range.last / 8 + 1 > size)
            size = (size_t) range.last / 8 + 1;
    }
    return plan_bytes(planner, bits, (size + 7) & ~(size_t) 7);
}
