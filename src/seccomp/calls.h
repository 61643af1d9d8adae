// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * System calls and architectures by name. The tables come from libseccomp when crun is built (tools/make-calls.c), so
 * that nothing of it is linked, and a look-up is a hash instead of the library's search through all it knows.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct calls_number {
    int64_t direct;      /* -1: none */
    int64_t whole;       /* socketcall or ipc, through which it (also) goes; -1: none */
    uint32_t which_part; /* of WHOLE: its first argument */
};

/* The index of the system call NAME, of any architecture; -1: unknown. */
int calls_find(const char *name);

/* What it is on architecture TOKEN. One of the other byte order has no numbers. */
struct calls_number calls_number(uint32_t token, int call);

/* The token (SCMP_ARCH_*, an AUDIT_ARCH_* but for x32) of architecture NAME as the specification spells it behind
 * "SCMP_ARCH_"; 0: unknown. */
uint32_t calls_arch(const char *name);

/* The architecture that crun is compiled for. */
uint32_t calls_native(void);

/* Of the libseccomp that was asked. */
const char *calls_version(void);
