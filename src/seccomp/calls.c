// SPDX-License-Identifier: LGPL-2.1-or-later
/* See calls.h. */
#include "seccomp/calls.h"

#include <stddef.h>
#include <string.h>

#include <seccomp.h>

#include "seccomp/calls_form.h"

#if defined(__x86_64__) && defined(__ILP32__)
#define NATIVE SCMP_ARCH_X32
#elif defined(__x86_64__)
#define NATIVE SCMP_ARCH_X86_64
#elif defined(__i386__)
#define NATIVE SCMP_ARCH_X86
#elif defined(__aarch64__)
#define NATIVE SCMP_ARCH_AARCH64
#elif defined(__arm__)
#define NATIVE SCMP_ARCH_ARM
#elif defined(__riscv)
#define NATIVE SCMP_ARCH_RISCV64
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NATIVE SCMP_ARCH_PPC64LE
#elif defined(__powerpc64__)
#define NATIVE SCMP_ARCH_PPC64
#elif defined(__powerpc__)
#define NATIVE SCMP_ARCH_PPC
#elif defined(__s390x__)
#define NATIVE SCMP_ARCH_S390X
#else
#error "which SCMP_ARCH_* is this architecture?"
#endif

struct arch {
    const char name[12];
    uint32_t token;
    int32_t whole[CALLS_KINDS];
    const int16_t *numbers; /* NULL: of the other byte order */
};

#include "seccomp/calls_table.h"

#define N_ARCHS (sizeof archs / sizeof archs[0])

int calls_find(const char *name)
{
    for (uint32_t at = calls_hash(name);; at++) {
        int call = slots[at % CALLS_SLOTS] - 1;

        if (call < 0 || strcmp(names + offsets[call], name) == 0)
            return call;
    }
}

static const struct arch *find_arch(uint32_t token)
{
    for (size_t i = 0; i < N_ARCHS; i++)
        if (archs[i].token == token)
            return &archs[i];
    return NULL;
}

struct calls_number calls_number(uint32_t token, int call)
{
    const struct arch *arch = find_arch(token);
    unsigned part = parts[call];
    struct calls_number number = { -1, -1, CALLS_WHICH(part) };

    if (!arch || !arch->numbers)
        return number;
    if (arch->numbers[call] >= 0)
        number.direct = calls_unpack(arch->numbers[call], token);
    if (part)
        number.whole = arch->whole[CALLS_KIND(part)];
    return number;
}

uint32_t calls_arch(const char *name)
{
    for (size_t i = 0; i < N_ARCHS; i++)
        if (strcmp(archs[i].name, name) == 0)
            return archs[i].token;
    return 0;
}

uint32_t calls_native(void)
{
    return NATIVE;
}

const char *calls_version(void)
{
    return CALLS_VERSION;
}
