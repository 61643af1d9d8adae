// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * System calls on files and descriptors. One thin wrapper each, named after the call: the result, or -errno; no
 * policy, no log, no allocation, no errno, so that crun, its vfork child and crun-init share them.
 */
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>

#include "base/directory.h"
#include "sys/compat.h"
#include "sys/raw.h"

static inline int sys_openat(int dir_fd, const char *path, int flags, unsigned mode)
{
    return (int) sys_call(SYS_openat, dir_fd, path, flags, mode);
}

static inline int sys_openat2(int dir_fd, const char *path, const struct sys_open_how *how)
{
    return (int) sys_call(SYS_openat2, dir_fd, path, how, sizeof(*how));
}

static inline int sys_close(int fd)
{
    return (int) sys_call(SYS_close, fd);
}

static inline int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
    return (int) sys_call(SYS_close_range, first, last, flags);
}

static inline long sys_read(int fd, void *buffer, size_t size)
{
    return sys_call(SYS_read, fd, buffer, size);
}

static inline long sys_write(int fd, const void *data, size_t size)
{
    return sys_call(SYS_write, fd, data, size);
}

static inline long sys_pread(int fd, void *buffer, size_t size, int64_t offset)
{
    return sys_call(SYS_pread64, fd, buffer, size, offset);
}

static inline long sys_lseek(int fd, int64_t offset, int whence)
{
    return sys_call(SYS_lseek, fd, offset, whence);
}

static inline int sys_ftruncate(int fd, int64_t size)
{
    return (int) sys_call(SYS_ftruncate, fd, size);
}

static inline long sys_sendfile(int out_fd, int in_fd, size_t size)
{
    return sys_call(SYS_sendfile, out_fd, in_fd, NULL, size);
}

static inline int sys_dup3(int fd, int to_fd, int flags)
{
    return (int) sys_call(SYS_dup3, fd, to_fd, flags);
}

static inline int sys_pipe2(int fds[2], int flags)
{
    return (int) sys_call(SYS_pipe2, fds, flags);
}

static inline int sys_fcntl(int fd, int command, long argument)
{
    return (int) sys_call(SYS_fcntl, fd, command, argument);
}

static inline int sys_ioctl(int fd, unsigned long request, const void *argument)
{
    return (int) sys_call(SYS_ioctl, fd, request, argument);
}

/* As ppoll(2) without a signal mask; TIMEOUT is written to, NULL waits forever. */
static inline int sys_ppoll(struct pollfd *fds, size_t n, struct timespec *timeout)
{
    return (int) sys_call(SYS_ppoll, fds, n, timeout, NULL, 8);
}

static inline long sys_readlinkat(int dir_fd, const char *path, char *buffer, size_t size)
{
    return sys_call(SYS_readlinkat, dir_fd, path, buffer, size);
}

static inline int sys_mkdirat(int dir_fd, const char *path, unsigned mode)
{
    return (int) sys_call(SYS_mkdirat, dir_fd, path, mode);
}

/* DEVICE in the kernel's encoding: sys_device(). */
static inline int sys_mknodat(int dir_fd, const char *path, unsigned mode, uint32_t device)
{
    return (int) sys_call(SYS_mknodat, dir_fd, path, mode, device);
}

static inline uint32_t sys_device(uint32_t major, uint32_t minor)
{
    return (minor & 0xff) | (major & 0xfff) << 8 | (minor & 0xfff00) << 12;
}

/* Its parts. */
static inline uint32_t sys_device_major(uint32_t device)
{
    return device >> 8 & 0xfff;
}

static inline uint32_t sys_device_minor(uint32_t device)
{
    return (device & 0xff) | (device >> 12 & 0xfff00);
}

static inline int sys_symlinkat(const char *target, int dir_fd, const char *path)
{
    return (int) sys_call(SYS_symlinkat, target, dir_fd, path);
}

static inline int sys_linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
    return (int) sys_call(SYS_linkat, from_fd, from, to_fd, to, flags);
}

static inline int sys_unlinkat(int dir_fd, const char *path, int flags)
{
    return (int) sys_call(SYS_unlinkat, dir_fd, path, flags);
}

static inline int sys_fchown(int fd, unsigned uid, unsigned gid)
{
    return (int) sys_call(SYS_fchown, fd, uid, gid);
}

static inline int sys_fchownat(int dir_fd, const char *path, unsigned uid, unsigned gid, int flags)
{
    return (int) sys_call(SYS_fchownat, dir_fd, path, uid, gid, flags);
}

static inline int sys_fchmod(int fd, unsigned mode)
{
    return (int) sys_call(SYS_fchmod, fd, mode);
}

/* The call follows a symbolic link at the end of PATH. */
static inline int sys_fchmodat(int dir_fd, const char *path, unsigned mode)
{
    return (int) sys_call(SYS_fchmodat, dir_fd, path, mode);
}

static inline int sys_utimensat(int dir_fd, const char *path, const struct timespec times[2], int flags)
{
    return (int) sys_call(SYS_utimensat, dir_fd, path, times, flags);
}

static inline int sys_faccessat(int dir_fd, const char *path, int mode)
{
    return (int) sys_call(SYS_faccessat, dir_fd, path, mode);
}

/* struct stat of the libc is the kernel's where raw.h has an entry; elsewhere libc converts. */
static inline int sys_fstatat(int dir_fd, const char *path, struct stat *ret_stat, int flags)
{
#if SYS_RAW
    return (int) sys_call(SYS_newfstatat, dir_fd, path, ret_stat, flags);
#else
    return fstatat(dir_fd, path, ret_stat, flags) < 0 ? -errno : 0;
#endif
}

#define SYS_STATX_MNT_ID        0x1000u /* Linux 5.8 */
#define SYS_STATX_MNT_ID_UNIQUE 0x4000u /* Linux 6.8: a number that is never used again */

/* struct statx of <linux/stat.h>, which old headers have without the last member that we read. */
struct sys_statx {
    uint32_t mask, blksize;
    uint64_t until_device[15];
    uint32_t device[4];
    uint64_t mnt_id;
    uint64_t rest[13];
};

static inline int sys_statx(int dir_fd, const char *path, int flags, unsigned mask, struct sys_statx *statx)
{
    return (int) sys_call(SYS_statx, dir_fd, path, flags, mask, statx);
}

static inline int sys_fstat(int fd, struct stat *ret_stat)
{
    return sys_fstatat(fd, "", ret_stat, AT_EMPTY_PATH);
}

static inline int sys_fstatfs(int fd, struct statfs *ret_statfs)
{
#if SYS_RAW
    return (int) sys_call(SYS_fstatfs, fd, ret_statfs);
#else
    return fstatfs(fd, ret_statfs) < 0 ? -errno : 0;
#endif
}

/* BUFFER: of struct directory_entry. */
static inline long sys_getdents64(int fd, void *buffer, size_t size)
{
    return sys_call(SYS_getdents64, fd, buffer, size);
}

static inline long sys_getcwd(char *buffer, size_t size)
{
    return sys_call(SYS_getcwd, buffer, size);
}

static inline int sys_memfd_create(const char *name, unsigned flags)
{
    return (int) sys_call(SYS_memfd_create, name, flags);
}
