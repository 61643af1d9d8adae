// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The system call instruction itself. crun-init is linked without a libc, and the process between vfork and exec
 * shares its parent's memory and must not touch errno: both need calls that return -errno and nothing else.
 * The wrappers of sys/ are written over sys_call(); on an architecture without an entry here they go through
 * libc's syscall(2), and crun-init is linked statically with libc.
 */
#pragma once

#include <sys/syscall.h>

#if defined(__x86_64__)

static inline long sys_call6(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}
#define SYS_RAW 1

#elif defined(__aarch64__)

static inline long sys_call6(long number, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;

    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory", "cc");
    return x0;
}
#define SYS_RAW 1

#elif defined(__riscv) && __riscv_xlen == 64

static inline long sys_call6(long number, long a, long b, long c, long d, long e, long f)
{
    register long a7 __asm__("a7") = number;
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d;
    register long a4 __asm__("a4") = e;
    register long a5 __asm__("a5") = f;

    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5) : "memory");
    return a0;
}
#define SYS_RAW 1

#else

#include <errno.h>
#include <unistd.h>

static inline long sys_call6(long number, long a, long b, long c, long d, long e, long f)
{
    long result = syscall(number, a, b, c, d, e, f);

    return result < 0 ? -errno : result;
}
#define SYS_RAW 0

#endif

#define SYS_PICK(_1, _2, _3, _4, _5, _6, _7, name, ...) name
#define SYS_L(x)                                        ((long) (x))
#define SYS_CALL0(n)                                    sys_call6(n, 0, 0, 0, 0, 0, 0)
#define SYS_CALL1(n, a)                                 sys_call6(n, SYS_L(a), 0, 0, 0, 0, 0)
#define SYS_CALL2(n, a, b)                              sys_call6(n, SYS_L(a), SYS_L(b), 0, 0, 0, 0)
#define SYS_CALL3(n, a, b, c)                           sys_call6(n, SYS_L(a), SYS_L(b), SYS_L(c), 0, 0, 0)
#define SYS_CALL4(n, a, b, c, d)                        sys_call6(n, SYS_L(a), SYS_L(b), SYS_L(c), SYS_L(d), 0, 0)
#define SYS_CALL5(n, a, b, c, d, e)                     sys_call6(n, SYS_L(a), SYS_L(b), SYS_L(c), SYS_L(d), SYS_L(e), 0)
#define SYS_CALL6(n, a, b, c, d, e, f)                  sys_call6(n, SYS_L(a), SYS_L(b), SYS_L(c), SYS_L(d), SYS_L(e), SYS_L(f))

/* sys_call(NUMBER, arguments...): the result, or -errno. */
#define sys_call(...)                                                                                                  \
    SYS_PICK(__VA_ARGS__, SYS_CALL6, SYS_CALL5, SYS_CALL4, SYS_CALL3, SYS_CALL2, SYS_CALL1, SYS_CALL0)(__VA_ARGS__)
