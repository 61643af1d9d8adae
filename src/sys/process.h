// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * System calls on processes: their start and end, namespaces, signals, scheduling and limits. The result, or -errno;
 * no policy.
 */
#pragma once

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "sys/compat.h"
#include "sys/raw.h"

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

static inline int sys_clone3(struct sys_clone_args *args, size_t size)
{
    return (int) sys_call(SYS_clone3, args, size);
}

/* clone(2) on the caller's own stack, as fork(2) does; RET_PIDFD with CLONE_PIDFD, else NULL. */
static inline int sys_clone(unsigned long flags, int *ret_pidfd)
{
#if defined(__s390x__)
    return (int) sys_call(SYS_clone, 0, flags, ret_pidfd, 0, 0);
#else
    return (int) sys_call(SYS_clone, flags, 0, ret_pidfd, 0, 0);
#endif
}

static inline int sys_execve(const char *path, char *const args[], char *const env[])
{
    return (int) sys_call(SYS_execve, path, args, env);
}

static inline int sys_execveat(int dir_fd, const char *path, char *const args[], char *const env[], int flags)
{
    return (int) sys_call(SYS_execveat, dir_fd, path, args, env, flags);
}

/* A container's own filter may refuse every way to end; an illegal instruction it cannot refuse. */
static inline void __attribute__((noreturn)) sys_exit_group(int status)
{
    sys_call(SYS_exit_group, status);
    sys_call(SYS_exit, status);
    __builtin_trap();
}

#define SYS_P_PID   1
#define SYS_P_PIDFD 3

static inline int sys_waitid(int type, int id, siginfo_t *ret_info, int options)
{
    return (int) sys_call(SYS_waitid, type, id, ret_info, options, NULL);
}

static inline int sys_pidfd_open(int pid, unsigned flags)
{
    return (int) sys_call(SYS_pidfd_open, pid, flags);
}

static inline int sys_pidfd_getfd(int pidfd, int fd)
{
    return (int) sys_call(SYS_pidfd_getfd, pidfd, fd, 0);
}

static inline int sys_pidfd_send_signal(int pidfd, int signal)
{
    return (int) sys_call(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

/* To its process group (Linux 6.9; before: -EINVAL). */
static inline int sys_pidfd_send_signal_group(int pidfd, int signal)
{
    return (int) sys_call(SYS_pidfd_send_signal, pidfd, signal, NULL, 4 /* PIDFD_SIGNAL_PROCESS_GROUP */);
}

static inline int sys_kill(int pid, int signal)
{
    return (int) sys_call(SYS_kill, pid, signal);
}

static inline int sys_getpid(void)
{
    return (int) sys_call(SYS_getpid);
}

static inline int sys_getppid(void)
{
    return (int) sys_call(SYS_getppid);
}

static inline int sys_prctl(int option, unsigned long a, unsigned long b)
{
    return (int) sys_call(SYS_prctl, option, a, b, 0, 0);
}

static inline int sys_setsid(void)
{
    return (int) sys_call(SYS_setsid);
}

static inline int sys_setns(int fd, int type)
{
    return (int) sys_call(SYS_setns, fd, type);
}

static inline int sys_unshare(unsigned long flags)
{
    return (int) sys_call(SYS_unshare, flags);
}

/* Limits as the kernel keeps them, whatever the width of rlim_t. */
struct sys_rlimit {
    uint64_t soft, hard;
};

static inline int sys_prlimit64(int pid, unsigned resource, const struct sys_rlimit *limit, struct sys_rlimit *ret_old)
{
    return (int) sys_call(SYS_prlimit64, pid, resource, limit, ret_old);
}

/* struct sched_attr, second version: without its last two the kernel (5.3) refuses the flags of UTIL_CLAMP. */
struct sys_sched_attr {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t util_min, util_max;
};

static inline int sys_sched_setattr(int pid, const struct sys_sched_attr *attr)
{
    return (int) sys_call(SYS_sched_setattr, pid, attr, 0);
}

static inline int sys_sched_setaffinity(int pid, size_t size, const void *mask)
{
    return (int) sys_call(SYS_sched_setaffinity, pid, size, mask);
}

#define SYS_IOPRIO_WHO_PROCESS 1

static inline int sys_ioprio_set(int which, int who, int priority)
{
    return (int) sys_call(SYS_ioprio_set, which, who, priority);
}

static inline int sys_personality(unsigned long persona)
{
    return (int) sys_call(SYS_personality, persona);
}

static inline int sys_set_mempolicy(int mode, const unsigned long *nodes, unsigned long max_node)
{
    return (int) sys_call(SYS_set_mempolicy, mode, nodes, max_node);
}

/* Zero is the default disposition on every architecture, whatever the order of the kernel's members. */
struct sys_sigaction {
    uint64_t words[8];
};

static inline int sys_rt_sigaction(int signal, const struct sys_sigaction *action, struct sys_sigaction *ret_old)
{
    return (int) sys_call(SYS_rt_sigaction, signal, action, ret_old, 8);
}

static inline int sys_rt_sigprocmask(int how, const uint64_t *mask, uint64_t *ret_old)
{
    return (int) sys_call(SYS_rt_sigprocmask, how, mask, ret_old, 8);
}

static inline unsigned sys_umask(unsigned mask)
{
    return (unsigned) sys_call(SYS_umask, mask);
}

#define SYS_SECCOMP_SET_MODE_FILTER          1
#define SYS_SECCOMP_FILTER_FLAG_NEW_LISTENER (1u << 3)

struct sys_sock_fprog {
    unsigned short n;
    const void *filter; /* struct sock_filter[] */
};

static inline int sys_seccomp(unsigned operation, unsigned flags, const void *argument)
{
    return (int) sys_call(SYS_seccomp, operation, flags, argument);
}

static inline int sys_sethostname(const char *name, size_t size)
{
    return (int) sys_call(SYS_sethostname, name, size);
}

static inline int sys_setdomainname(const char *name, size_t size)
{
    return (int) sys_call(SYS_setdomainname, name, size);
}
