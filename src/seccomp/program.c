// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * See program.h. Conditional jumps reach 255 instructions, so whatever may be longer is jumped over with BPF_JA. Inside
 * a chain, distances are not known while it is written: OK and FAIL stand for "behind this condition" and "to the next
 * case", and are replaced when these places are reached.
 */
#include "seccomp/program.h"

#include <endian.h>
#include <string.h>
#include <linux/seccomp.h>

#define OK       254
#define FAIL     255
#define FAR_JUMP 250 /* distances from here on need BPF_JA */

static void put(struct program *p, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
    if (p->n == BPF_MAXINSNS)
        p->overflow = true;
    else
        p->code[p->n++] = (struct sock_filter){ code, yes, no, k };
}

static void load(struct program *p, size_t offset)
{
    put(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t) offset, 0, 0);
}

static void jump(struct program *p, uint16_t test, uint32_t k, uint8_t yes, uint8_t no)
{
    put(p, (uint16_t) (BPF_JMP | BPF_K | test), k, yes, no);
}

static void give(struct program *p, uint32_t code)
{
    put(p, BPF_RET | BPF_K, code, 0, 0);
}

/* ---- conditions ---- */

static void load_half(struct program *p, unsigned arg, bool high)
{
    bool second = high == (__BYTE_ORDER == __LITTLE_ENDIAN);

    load(p, offsetof(struct seccomp_data, args) + arg * sizeof(uint64_t) + (second ? sizeof(uint32_t) : 0));
}

static void mask_half(struct program *p, const struct scmp_arg_cmp *arg, bool high)
{
    if (arg->op == SCMP_CMP_MASKED_EQ)
        put(p, BPF_ALU | BPF_AND | BPF_K, (uint32_t) (high ? arg->datum_a >> 32 : arg->datum_a), 0, 0);
}

static uint64_t wanted(const struct scmp_arg_cmp *arg)
{
    return arg->op == SCMP_CMP_MASKED_EQ ? arg->datum_b : arg->datum_a;
}

/* What the upper halves decide alone, before the lower ones: greater and not equal. */
static const struct {
    uint8_t greater, unequal; /* OK or FAIL; greater 0: no such test */
    uint16_t test;            /* of the lower halves ... */
    uint8_t yes, no;          /* ... and what it decides */
} comparisons[] = {
    [SCMP_CMP_EQ] = {0,     FAIL, BPF_JEQ, OK,   FAIL},
      [SCMP_CMP_NE] = { 0,    OK,   BPF_JEQ, FAIL, OK  },
    [SCMP_CMP_GT] = { OK,   FAIL, BPF_JGT, OK,   FAIL},
      [SCMP_CMP_GE] = { OK,   FAIL, BPF_JGE, OK,   FAIL},
    [SCMP_CMP_LT] = { FAIL, OK,   BPF_JGE, FAIL, OK  },
      [SCMP_CMP_LE] = { FAIL, OK,   BPF_JGT, FAIL, OK  },
    [SCMP_CMP_MASKED_EQ] = { 0,    FAIL, BPF_JEQ, OK,   FAIL},
};

/* Replace the MARK in jumps from FROM on by the distance to where the program ends now. */
static void aim(struct program *p, size_t from, uint8_t mark)
{
    for (size_t i = from; i < p->n; i++) {
        struct sock_filter *at = &p->code[i];

        if (BPF_CLASS(at->code) != BPF_JMP || at->code == (BPF_JMP | BPF_JA))
            continue;
        if (at->jt == mark)
            at->jt = (uint8_t) (p->n - i - 1);
        if (at->jf == mark)
            at->jf = (uint8_t) (p->n - i - 1);
    }
}

static void put_condition(struct program *p, const struct scmp_arg_cmp *arg, unsigned words)
{
    size_t start = p->n;
    uint32_t high = (uint32_t) (wanted(arg) >> 32), low = (uint32_t) wanted(arg);

    if (words == 2) {
        load_half(p, arg->arg, true);
        mask_half(p, arg, true);
        if (comparisons[arg->op].greater)
            jump(p, BPF_JGT, high, comparisons[arg->op].greater, 0);
        jump(p, BPF_JEQ, high, 0, comparisons[arg->op].unequal);
    }
    load_half(p, arg->arg, false);
    mask_half(p, arg, false);
    jump(p, comparisons[arg->op].test, low, comparisons[arg->op].yes, comparisons[arg->op].no);
    aim(p, start, OK);
}

static void put_case(struct program *p, const struct seccomp_case *which, const struct seccomp_rule *rule,
                     unsigned words)
{
    size_t start = p->n;

    if (which->subcall)
        put_condition(p, &(struct scmp_arg_cmp){ 0, SCMP_CMP_EQ, which->subcall, 0 }, words);
    for (unsigned i = 0; i < rule->n_args; i++)
        if (!which->subcall || rule->args[i].arg > 0)
            put_condition(p, &rule->args[i], words);
    give(p, rule->code);
    aim(p, start, FAIL);
}

/* ---- the search ---- */

/* A rule that says what is returned anyway says nothing, and is left out as libseccomp would have it. */
static void put_leaf(struct program *p, const struct program_range *range, const struct seccomp_rule *rules)
{
    for (size_t i = 0; i < range->n_cases; i++)
        if (rules[range->cases[i].rule].code != range->code)
            put_case(p, &range->cases[i], &rules[range->cases[i].rule], range->words);
    give(p, range->code);
}

/* Make the conditional jump at AT, over the instructions behind it to the end, reach: by a BPF_JA if they are many. */
static void reach_over(struct program *p, size_t at)
{
    size_t distance = p->n - at - 1;

    if (distance < FAR_JUMP) {
        p->code[at].jt = (uint8_t) distance;
        return;
    }
    put(p, 0, 0, 0, 0);
    if (p->overflow)
        return;
    memmove(&p->code[at + 2], &p->code[at + 1], distance * sizeof p->code[0]);
    p->code[at].jf = 1;
    p->code[at + 1] = (struct sock_filter){ BPF_JMP | BPF_JA, 0, 0, (uint32_t) distance };
}

/* Below the middle first: the jump goes over that half. */
static void put_search(struct program *p, const struct program_range *ranges, size_t n,
                       const struct seccomp_rule *rules)
{
    size_t middle = n / 2, at = p->n;

    if (n == 1) {
        put_leaf(p, ranges, rules);
        return;
    }
    jump(p, BPF_JGE, ranges[middle].start, 0, 0);
    put_search(p, ranges, middle, rules);
    if (p->overflow)
        return;
    reach_over(p, at);
    put_search(p, ranges + middle, n - middle, rules);
}

void program_arch(struct program *p, uint32_t arch, const struct program_range *ranges, size_t n,
                  const struct seccomp_rule *rules)
{
    size_t over = p->n + 1;

    jump(p, BPF_JEQ, arch, 1, 0);
    put(p, BPF_JMP | BPF_JA, 0, 0, 0);
    load(p, offsetof(struct seccomp_data, nr));
    put_search(p, ranges, n, rules);
    if (!p->overflow)
        p->code[over].k = (uint32_t) (p->n - over - 1);
}

void program_end(struct program *p, uint32_t code)
{
    give(p, code);
}

void program_start(struct program *p)
{
    p->n = 0;
    p->overflow = false;
    load(p, offsetof(struct seccomp_data, arch));
}
