// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The rules of a profile by system call number, for one architecture. On some 32-bit
 * architectures socket calls and System V IPC also go through one number, socketcall(2) or ipc(2), whose first argument
 * says which is meant: such names stand for two cases.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <seccomp.h>

/* A rule of the configuration, made ready. Conditions hold all together. */
struct seccomp_rule {
    const int16_t *calls; /* see calls.h */
    size_t n_calls;
    uint32_t code; /* SECCOMP_RET_*, with its errno */
    struct scmp_arg_cmp *args;
    unsigned n_args;
};

struct seccomp_case {
    uint32_t number;
    uint32_t rule;    /* index: the order of the configuration */
    uint32_t subcall; /* not 0: the first argument must be it; a condition of the rule on that argument falls away */
};

/* The room that the cases of N rules want on one architecture: twice what they may be at most. */
size_t seccomp_cases_limit(const struct seccomp_rule *rules, size_t n);

/* Fill CASES, sorted by number and then by rule; returns how many there are. */
size_t seccomp_cases(const struct seccomp_rule *rules, size_t n, uint32_t token, struct seccomp_case *cases);
