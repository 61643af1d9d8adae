// SPDX-License-Identifier: LGPL-2.1-or-later
/* System calls on credentials: ids, groups, capabilities, keyrings. The result, or -errno; no policy. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "sys/compat.h"
#include "sys/raw.h"

/* 32-bit architectures keep the calls with 16-bit ids under the plain names. */
#ifdef SYS_setresuid32
#define SYS_SETRESUID SYS_setresuid32
#define SYS_SETRESGID SYS_setresgid32
#define SYS_SETGROUPS SYS_setgroups32
#define SYS_GETEUID   SYS_geteuid32
#else
#define SYS_SETRESUID SYS_setresuid
#define SYS_SETRESGID SYS_setresgid
#define SYS_SETGROUPS SYS_setgroups
#define SYS_GETEUID   SYS_geteuid
#endif

static inline int sys_setresuid(uint32_t real, uint32_t effective, uint32_t saved)
{
    return (int) sys_call(SYS_SETRESUID, real, effective, saved);
}

static inline int sys_setresgid(uint32_t real, uint32_t effective, uint32_t saved)
{
    return (int) sys_call(SYS_SETRESGID, real, effective, saved);
}

static inline int sys_setgroups(size_t n, const uint32_t *gids)
{
    return (int) sys_call(SYS_SETGROUPS, n, gids);
}

static inline uint32_t sys_geteuid(void)
{
    return (uint32_t) sys_call(SYS_GETEUID);
}

#define SYS_CAPABILITY_VERSION 0x20080522 /* version 3: two words a set */

struct sys_cap_header {
    uint32_t version;
    int32_t pid;
};

struct sys_cap_data {
    uint32_t effective, permitted, inheritable;
};

static inline int sys_capget(struct sys_cap_header *header, struct sys_cap_data ret_data[2])
{
    return (int) sys_call(SYS_capget, header, ret_data);
}

static inline int sys_capset(struct sys_cap_header *header, const struct sys_cap_data data[2])
{
    return (int) sys_call(SYS_capset, header, data);
}

#define SYS_KEYCTL_JOIN_SESSION_KEYRING 1

static inline int sys_keyctl(int operation, const void *argument)
{
    return (int) sys_call(SYS_keyctl, operation, argument, 0, 0, 0);
}
