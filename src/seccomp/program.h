// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Writing a classic BPF program for seccomp(2). For each architecture: a binary search over ranges of system call
 * numbers, with a return value or a chain of conditions at each leaf. Numbers in a row with the same answer are one
 * range, so a profile of 400 names is some 150 leaves, and the kernel comes to a decision in about eight comparisons.
 *
 * The writer is sticky: a program that grows above the kernel's limit is remembered and told at the end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/filter.h>

#include "seccomp/cases.h"

struct program {
    struct sock_filter code[BPF_MAXINSNS];
    size_t n;
    bool overflow;
};

/* Numbers from START up to the next range's. */
struct program_range {
    uint32_t start;
    uint32_t code;                    /* what to return, also when no case holds */
    const struct seccomp_case *cases; /* those to be tried first; NULL for none */
    size_t n_cases;
    unsigned words; /* 1: conditions compare the lower halves of arguments only (32-bit architectures); 2: both */
};

/* Everything for audit architecture ARCH: the N RANGES, sorted, the first from 0. */
void program_arch(struct program *program, uint32_t arch, const struct program_range *ranges, size_t n,
                  const struct seccomp_rule *rules);

/* The end: any other architecture gets CODE. */
void program_end(struct program *program, uint32_t code);

/* The first instruction, to be called before all others. */
void program_start(struct program *program);
