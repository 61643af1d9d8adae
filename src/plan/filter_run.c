// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The instructions that libseccomp and we write (seccomp/program.c), and no others: who meets one goes the careful way.
 * Jumps of a classic program lead forward only, so that it ends.
 */
#include "plan/filter_run.h"

#include <string.h>

struct machine {
    uint32_t a, scratch[BPF_MEMWORDS];
    unsigned written; /* words of SCRATCH */
};

static bool is_known(uint32_t offset, unsigned known)
{
    if (offset % sizeof(uint32_t) || offset > sizeof(struct seccomp_data) - sizeof(uint32_t))
        return false;
    if (offset < offsetof(struct seccomp_data, instruction_pointer))
        return true;
    return offset >= offsetof(struct seccomp_data, args) &&
           known >> (offset - offsetof(struct seccomp_data, args)) / sizeof(uint64_t) & 1;
}

/* One that neither jumps nor ends. */
static bool step(struct machine *m, const struct sock_filter *i, const struct seccomp_data *data, unsigned known)
{
    switch (i->code) {
    case BPF_LD | BPF_W | BPF_ABS:
        if (!is_known(i->k, known))
            return false;
        memcpy(&m->a, (const char *) data + i->k, sizeof m->a);
        return true;
    case BPF_LD | BPF_MEM:
        if (i->k >= BPF_MEMWORDS || !(m->written >> i->k & 1))
            return false;
        m->a = m->scratch[i->k];
        return true;
    case BPF_ST:
        if (i->k >= BPF_MEMWORDS)
            return false;
        m->scratch[i->k] = m->a;
        m->written |= 1u << i->k;
        return true;
    case BPF_ALU | BPF_AND | BPF_K:
        m->a &= i->k;
        return true;
    default:
        return false;
    }
}

/* How many instructions are passed over; -1: not one of ours. */
static int64_t jump(uint32_t a, const struct sock_filter *i)
{
    switch (i->code) {
    case BPF_JMP | BPF_JA:
        return i->k;
    case BPF_JMP | BPF_JEQ | BPF_K:
        return a == i->k ? i->jt : i->jf;
    case BPF_JMP | BPF_JGT | BPF_K:
        return a > i->k ? i->jt : i->jf;
    case BPF_JMP | BPF_JGE | BPF_K:
        return a >= i->k ? i->jt : i->jf;
    case BPF_JMP | BPF_JSET | BPF_K:
        return a & i->k ? i->jt : i->jf;
    default:
        return -1;
    }
}

bool filter_run(const struct sock_filter *program, size_t n, const struct seccomp_data *data, unsigned known,
                uint32_t *ret_action)
{
    struct machine m = { 0 };

    for (uint64_t at = 0; at < n; at++) {
        const struct sock_filter *i = &program[at];
        int64_t over = jump(m.a, i);

        if (i->code == (BPF_RET | BPF_K)) {
            *ret_action = i->k;
            return true;
        }
        if (over < 0 && !step(&m, i, data, known))
            return false;
        at += over > 0 ? (uint64_t) over : 0;
    }
    return false;
}
