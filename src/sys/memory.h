// SPDX-License-Identifier: LGPL-2.1-or-later
/* System calls on memory mappings: the plan is mapped, and that is nearly all. An address, or -errno. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include "sys/raw.h"

#ifdef SYS_mmap2
#define SYS_MMAP SYS_mmap2
#else
#define SYS_MMAP SYS_mmap
#endif

/* From offset 0. Tell failure by sys_mmap_failed(). */
static inline void *sys_mmap(size_t size, int protection, int flags, int fd)
{
    return (void *) sys_call(SYS_MMAP, NULL, size, protection, flags, fd, 0);
}

static inline int sys_mmap_failed(const void *address)
{
    long result = (long) (intptr_t) address;

    return result < 0 && result > -4096 ? (int) result : 0;
}

static inline int sys_munmap(void *address, size_t size)
{
    return (int) sys_call(SYS_munmap, address, size);
}
