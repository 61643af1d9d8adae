// SPDX-License-Identifier: LGPL-2.1-or-later
/* How the tables of calls.c are packed: shared with tools/make-calls.c, which writes them. */
#pragma once

#include <stdint.h>

#define CALLS_X32_BIT        0x40000000u
#define CALLS_X32_TOKEN      0x4000003eu /* SCMP_ARCH_X32 */
#define CALLS_ARM_PRIVATE    0x000f0000u /* set_tls and others stand far above the rest ... */
#define CALLS_PRIVATE_PACKED 0x7000u     /* ... and here in the table */
#define CALLS_SLOTS          1024        /* of the hash; about twice the calls */
#define CALLS_LAST_PART      30

/* Which call another one goes through where it has no number, or had none, of its own. */
enum { CALLS_SOCKET, CALLS_IPC, CALLS_KINDS };
#define CALLS_PART(kind, part) ((unsigned) ((kind) *100 + (part)))
#define CALLS_KIND(part)       ((part) / 100)
#define CALLS_WHICH(part)      ((part) % 100)

/* FNV-1a */
static inline uint32_t calls_hash(const char *name)
{
    uint32_t hash = 2166136261u;

    for (; *name; name++)
        hash = (hash ^ (unsigned char) *name) * 16777619u;
    return hash ^ hash >> 16;
}

/* The number itself of a PACKED one that is not negative. */
static inline uint32_t calls_unpack(int16_t packed, uint32_t token)
{
    uint32_t value = (uint32_t) packed;

    if (token == CALLS_X32_TOKEN)
        return value | CALLS_X32_BIT;
    return value >= CALLS_PRIVATE_PACKED ? value - CALLS_PRIVATE_PACKED + CALLS_ARM_PRIVATE : value;
}
