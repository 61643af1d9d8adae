// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * See ranges.h. Most architectures have one run of numbers, from 0. x86_64 has two: calls of x32 have bit 30 set and the
 * same audit architecture; where the profile does not list x32 they count as another architecture. Arm has private
 * calls (set_tls, cacheflush) far above the others, which say nothing about how new the profile is.
 */
#include "seccomp/ranges.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <linux/audit.h>

#include "base/fd.h"

#define X32_BIT     0x40000000u
#define ARM_PRIVATE 0x000f0000u
#define NO_CALL     UINT32_MAX  /* -1, what a tracer sets to skip a call */
#define MIPS_N32    0x20000000u /* __AUDIT_ARCH_CONVENTION_MIPS64_N32 */

struct writer {
    const struct seccomp_profile *profile;
    struct program *program;
    struct seccomp_case *cases;
    struct program_range *ranges;
    size_t n_cases, n_ranges;
    unsigned words;
};

static bool is_constant(const struct program_range *range)
{
    return range->n_cases == 0;
}

/* From START on it is RANGE; one that was to begin at the same number is forgotten, equal neighbours become one. */
static void begin_range(struct writer *w, struct program_range range)
{
    const struct program_range *last;

    if (w->n_ranges > 0 && w->ranges[w->n_ranges - 1].start == range.start)
        w->n_ranges--;
    last = w->n_ranges > 0 ? &w->ranges[w->n_ranges - 1] : NULL;
    if (last && is_constant(last) && is_constant(&range) && last->code == range.code)
        return;
    w->ranges[w->n_ranges++] = range;
}

static void begin_constant(struct writer *w, uint32_t start, uint32_t code)
{
    begin_range(w, (struct program_range){ .start = start, .code = code });
}

/* N cases of one number. The first rule without conditions decides alone, wherever it stands. */
static void add_number(struct writer *w, const struct seccomp_case *cases, size_t n)
{
    uint32_t deflt = w->profile->default_code;

    for (size_t i = 0; i < n; i++) {
        const struct seccomp_rule *rule = &w->profile->rules[cases[i].rule];

        if (rule->n_args == 0 && !cases[i].subcall && rule->code != deflt) {
            begin_constant(w, cases[i].number, rule->code);
            return;
        }
    }
    begin_range(w, (struct program_range){ cases[0].number, deflt, cases, n, w->words });
}

/* The numbers from FROM to below TO; what is above the highest case gets ABOVE. */
static void add_numbers(struct writer *w, uint32_t from, uint32_t to, uint32_t above)
{
    uint32_t next = from;

    begin_constant(w, from, w->profile->default_code);
    for (size_t i = 0, n; i < w->n_cases; i += n) {
        const struct seccomp_case *first = &w->cases[i];

        for (n = 1; i + n < w->n_cases && w->cases[i + n].number == first->number; n++)
            ;
        if (first->number < from || first->number >= to)
            continue;
        add_number(w, first, n);
        next = first->number + 1;
        begin_constant(w, next, w->profile->default_code);
    }
    if (next > from)
        begin_constant(w, next, above);
}

static bool has_arch(const struct seccomp_profile *profile, uint32_t token)
{
    for (size_t i = 0; i < profile->n_archs; i++)
        if (profile->archs[i] == token)
            return true;
    return false;
}

/* The cases of TOKEN, behind those that are there: ranges point at both. */
static void read_cases(struct writer *w, uint32_t token)
{
    w->cases += w->n_cases;
    w->n_cases = seccomp_cases(w->profile->rules, w->profile->n_rules, token, w->cases);
    w->words = (token & __AUDIT_ARCH_64BIT) && !(token & MIPS_N32) ? 2 : 1;
}

static void add_x86_64(struct writer *w)
{
    const struct seccomp_profile *profile = w->profile;

    begin_constant(w, 0, profile->foreign_code);
    if (has_arch(profile, SCMP_ARCH_X86_64)) {
        read_cases(w, SCMP_ARCH_X86_64);
        add_numbers(w, 0, X32_BIT, profile->unknown_code);
    }
    begin_constant(w, X32_BIT, profile->foreign_code);
    if (has_arch(profile, SCMP_ARCH_X32)) {
        read_cases(w, SCMP_ARCH_X32);
        add_numbers(w, X32_BIT, NO_CALL, profile->unknown_code);
    }
    begin_constant(w, NO_CALL, profile->default_code);
}

static void add_arch(struct writer *w, uint32_t token)
{
    uint32_t end = token == SCMP_ARCH_ARM ? ARM_PRIVATE : NO_CALL;

    if (token == SCMP_ARCH_X86_64 || token == SCMP_ARCH_X32) {
        add_x86_64(w);
        return;
    }
    read_cases(w, token);
    add_numbers(w, 0, end, w->profile->unknown_code);
    if (end != NO_CALL)
        add_numbers(w, end, NO_CALL, w->profile->default_code);
    begin_constant(w, NO_CALL, w->profile->default_code);
}

static int write_arch(const struct seccomp_profile *profile, uint32_t token, struct program *program)
{
    /* Of x86_64 and x32 together; not zeroed, for only what is used is to cost pages. */
    size_t limit = 2 * seccomp_cases_limit(profile->rules, profile->n_rules) + 1;
    _cleanup_free_ struct seccomp_case *cases = reallocarray(NULL, limit, sizeof *cases);
    _cleanup_free_ struct program_range *ranges = reallocarray(NULL, limit + 8, sizeof *ranges);
    struct writer w = { .profile = profile, .program = program, .cases = cases, .ranges = ranges };
    bool is_x32 = token == SCMP_ARCH_X32;

    if (!cases || !ranges)
        return -ENOMEM;
    add_arch(&w, token);
    program_arch(program, is_x32 ? SCMP_ARCH_X86_64 : token, ranges, w.n_ranges, profile->rules);
    return program->overflow ? -EFBIG : 0;
}

int seccomp_profile_write(const struct seccomp_profile *profile, struct program *program)
{
    program_start(program);
    for (size_t i = 0; i < profile->n_archs; i++) {
        bool done = profile->archs[i] == SCMP_ARCH_X32 && has_arch(profile, SCMP_ARCH_X86_64);
        int r = done ? 0 : write_arch(profile, profile->archs[i], program);

        if (r < 0)
            return r;
    }
    program_end(program, profile->foreign_code);
    return program->overflow ? -EFBIG : 0;
}
