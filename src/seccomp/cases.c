// SPDX-License-Identifier: LGPL-2.1-or-later
/* See cases.h. */
#include "seccomp/cases.h"

#include <stdbool.h>
#include <string.h>

#include "seccomp/calls.h"

struct collector {
    uint32_t token;
    struct seccomp_case *cases;
    size_t n;
};

static void add_case(struct collector *c, int64_t number, size_t rule, uint32_t subcall)
{
    if (number >= 0)
        c->cases[c->n++] = (struct seccomp_case){ (uint32_t) number, (uint32_t) rule, subcall };
}

static void add_call(struct collector *c, int call, size_t rule)
{
    struct calls_number number = calls_number(c->token, call);

    add_case(c, number.direct, rule, 0);
    add_case(c, number.whole, rule, number.which_part);
}

/* Merge the sorted A and B into TO. Equal numbers stay in their order, which is that of the rules. */
static void merge(const struct seccomp_case *a, size_t n_a, const struct seccomp_case *b, size_t n_b,
                  struct seccomp_case *to)
{
    while (n_a > 0 || n_b > 0) {
        bool take_a = n_b == 0 || (n_a > 0 && a->number <= b->number);

        *to++ = take_a ? *a++ : *b++;
        n_a -= take_a;
        n_b -= !take_a;
    }
}

/* By number, with as much room behind the cases. qsort(3) took a third of all that a run with an engine's profile
 * does in user mode. */
static void sort_cases(struct seccomp_case *cases, size_t n)
{
    struct seccomp_case *from = cases, *to = cases + n;

    for (size_t run = 1; run < n; run *= 2) {
        struct seccomp_case *swap = from;

        for (size_t at = 0; at < n; at += 2 * run) {
            size_t middle = at + run < n ? at + run : n, end = at + 2 * run < n ? at + 2 * run : n;

            merge(from + at, middle - at, from + middle, end - middle, to + at);
        }
        from = to;
        to = swap;
    }
    if (from != cases)
        memcpy(cases, from, n * sizeof *cases);
}

size_t seccomp_cases_limit(const struct seccomp_rule *rules, size_t n)
{
    size_t limit = 0;

    for (size_t i = 0; i < n; i++)
        limit += 2 * rules[i].n_calls;
    return 2 * limit; /* the other half is the sorting's */
}

size_t seccomp_cases(const struct seccomp_rule *rules, size_t n, uint32_t token, struct seccomp_case *cases)
{
    struct collector c = { .token = token, .cases = cases };

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < rules[i].n_calls; k++)
            add_call(&c, rules[i].calls[k], i);
    sort_cases(cases, c.n);
    return c.n;
}
