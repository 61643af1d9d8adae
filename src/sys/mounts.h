// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * System calls on mounts, the root and the working directory: mount(2) and the descriptor based calls beside it
 * (Linux 5.2; mount_setattr 5.12). The result, or -errno; no policy.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "sys/compat.h"
#include "sys/raw.h"

#ifndef SYS_open_tree
#define SYS_open_tree  428
#define SYS_move_mount 429
#define SYS_fsopen     430
#define SYS_fsconfig   431
#define SYS_fsmount    432
#define SYS_fspick     433
#endif

static inline int sys_mount(const char *source, const char *target, const char *type, unsigned long flags,
                            const void *data)
{
    return (int) sys_call(SYS_mount, source, target, type, flags, data);
}

static inline int sys_umount2(const char *target, int flags)
{
    return (int) sys_call(SYS_umount2, target, flags);
}

static inline int sys_pivot_root(const char *new_root, const char *put_old)
{
    return (int) sys_call(SYS_pivot_root, new_root, put_old);
}

static inline int sys_open_tree(int dir_fd, const char *path, unsigned flags)
{
    return (int) sys_call(SYS_open_tree, dir_fd, path, flags);
}

static inline int sys_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    return (int) sys_call(SYS_move_mount, from_fd, from, to_fd, to, flags);
}

static inline int sys_fsopen(const char *type, unsigned flags)
{
    return (int) sys_call(SYS_fsopen, type, flags);
}

static inline int sys_fspick(int dir_fd, const char *path, unsigned flags)
{
    return (int) sys_call(SYS_fspick, dir_fd, path, flags);
}

static inline int sys_fsconfig(int fs_fd, unsigned command, const char *key, const void *value, int aux)
{
    return (int) sys_call(SYS_fsconfig, fs_fd, command, key, value, aux);
}

static inline int sys_fsmount(int fs_fd, unsigned flags, unsigned attributes)
{
    return (int) sys_call(SYS_fsmount, fs_fd, flags, attributes);
}

static inline int sys_mount_setattr(int dir_fd, const char *path, unsigned flags, const struct sys_mount_attr *attr)
{
    return (int) sys_call(SYS_mount_setattr, dir_fd, path, flags, attr, sizeof(*attr));
}

static inline int sys_chroot(const char *path)
{
    return (int) sys_call(SYS_chroot, path);
}

static inline int sys_chdir(const char *path)
{
    return (int) sys_call(SYS_chdir, path);
}

static inline int sys_fchdir(int fd)
{
    return (int) sys_call(SYS_fchdir, fd);
}
