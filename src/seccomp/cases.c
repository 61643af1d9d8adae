// SPDX-License-Identifier: LGPL-2.1-or-later
/* See cases.h. */
#include "seccomp/cases.h"

#include <stdlib.h>
#include <string.h>

#include "base/fd.h"

/* libseccomp's numbers for parts of socketcall(2) and ipc(2) on architectures that have them: -100 - part, -200 - part. */
#define SOCKET_PARTS (-100)
#define IPC_PARTS    (-200)
#define LAST_PART    30

/* Where the parts' own numbers lie, counted from the architecture's first: recvmmsg of powerpc to msgctl. */
#define FIRST_DIRECT 300
#define LAST_DIRECT  402
#define MIPS_BASE    4000

struct direct_number {
    char *name;
    uint32_t number;
};

struct collector {
    uint32_t token;
    struct seccomp_case *cases;
    size_t n;
    struct direct_number direct[LAST_DIRECT - FIRST_DIRECT + 1]; /* read when the first part of a call is met */
    size_t n_direct;
};

static void add_case(struct collector *c, uint32_t number, size_t rule, uint32_t subcall)
{
    c->cases[c->n++] = (struct seccomp_case){ number, (uint32_t) rule, subcall };
}

/* The part that PSEUDO stands for, 0 for none. */
static uint32_t part_of(int pseudo)
{
    int first = pseudo <= IPC_PARTS ? IPC_PARTS : SOCKET_PARTS;

    return pseudo < first && pseudo >= first - LAST_PART ? (uint32_t) (first - pseudo) : 0;
}

static void read_direct_numbers(struct collector *c)
{
    int base = c->token == SCMP_ARCH_MIPS || c->token == SCMP_ARCH_MIPSEL ? MIPS_BASE : 0;

    for (int i = FIRST_DIRECT; i <= LAST_DIRECT; i++) {
        char *name = seccomp_syscall_resolve_num_arch(c->token, base + i);

        if (name)
            c->direct[c->n_direct++] = (struct direct_number){ name, (uint32_t) (base + i) };
    }
}

static void add_direct(struct collector *c, const char *name, size_t rule)
{
    if (c->n_direct == 0)
        read_direct_numbers(c);
    for (size_t i = 0; i < c->n_direct; i++)
        if (strcmp(c->direct[i].name, name) == 0)
            add_case(c, c->direct[i].number, rule, 0);
}

static void add_name(struct collector *c, const char *name, size_t rule)
{
    int number = seccomp_syscall_resolve_name_arch(c->token, name), whole;
    uint32_t part = part_of(number);

    if (number >= 0)
        add_case(c, (uint32_t) number, rule, 0);
    if (number >= 0 || part == 0)
        return;
    whole = seccomp_syscall_resolve_name_rewrite(c->token, name);
    if (whole < 0) /* this architecture has no such call at all */
        return;
    add_case(c, (uint32_t) whole, rule, part);
    add_direct(c, name, rule);
}

static int compare_cases(const void *a, const void *b)
{
    const struct seccomp_case *x = a, *y = b;

    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    return x->rule < y->rule ? -1 : x->rule > y->rule;
}

size_t seccomp_cases_limit(const struct seccomp_rule *rules, size_t n)
{
    size_t limit = 0;

    for (size_t i = 0; i < n; i++)
        limit += 2 * rules[i].n_names;
    return limit;
}

size_t seccomp_cases(const struct seccomp_rule *rules, size_t n, uint32_t token, struct seccomp_case *cases)
{
    struct collector c = { .token = token, .cases = cases };

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < rules[i].n_names; k++)
            add_name(&c, rules[i].names[k], i);
    for (size_t i = 0; i < c.n_direct; i++)
        free(c.direct[i].name);
    if (c.n > 1)
        qsort(cases, c.n, sizeof *cases, compare_cases);
    return c.n;
}
