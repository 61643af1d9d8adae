// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Starting crun-init: one clone3 with all namespaces, the cgroup and a pidfd, then execveat from a sealed memfd.
 *
 * The child shares our memory until its exec (CLONE_VM | CLONE_VFORK: nothing is copied, we stand still), on a stack of
 * its own. It may therefore only use raw system calls, touch nothing but its stack and struct child, and must not return.
 * Where the kernel refuses the combination, or the architecture has no entry below, it is an ordinary fork.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroup/cgroup.h"
#include "launch/launch.h"
#include "sys/cred.h"
#include "sys/files.h"
#include "sys/mounts.h"
#include "sys/process.h"

enum { CHILD_STACK_SIZE = 32768, CHILD_FAILED = 127 };

#ifndef CRUN_LIBEXECDIR
#define CRUN_LIBEXECDIR "/usr/local/libexec/crun"
#endif

/* The ELF file of crun-init, embedded by init/meson.build. */
extern const char crun_init_start[], crun_init_end[];

/* All that the child knows; filled before the clone. */
struct child {
    int program_fd;
    int plan_fd, sync_fd, listen_fd;
    const int *slots;
    unsigned n_slots;
    int fd_base;
    bool new_user_namespace;
    char plan_argument[12];
    int failed; /* result: -errno of what failed in the child */
    const char *call;
};

/* ---- the child ---- */

static void __attribute__((noreturn)) child_fail(struct child *child, const char *call, int code)
{
    child->call = call;
    child->failed = code;
    sys_exit_group(CHILD_FAILED);
}

static void child_place(struct child *child, int fd, int target)
{
    int r;

    if (fd < 0) {
        sys_close(target); /* a stray one of the caller's must not pass for ours */
        return;
    }
    r = sys_dup3(fd, target, 0);
    if (r < 0)
        child_fail(child, "dup3", r);
}

/* In a new user namespace whose ids are not mapped yet an exec would cost all capabilities, but for ambient ones. */
static void child_keep_capabilities(struct child *child)
{
    struct sys_cap_header header = { .version = SYS_CAPABILITY_VERSION };
    struct sys_cap_data data[2];
    int r = sys_capget(&header, data);

    if (r < 0)
        child_fail(child, "capget", r);
    data[0].inheritable = data[0].permitted;
    data[1].inheritable = data[1].permitted;
    r = sys_capset(&header, data);
    if (r < 0)
        child_fail(child, "capset", r);
    for (unsigned long capability = 0; capability < 64; capability++)
        if (data[capability / 32].permitted >> (capability % 32) & 1)
            sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability);
}

static void __attribute__((noreturn)) child_main(struct child *child)
{
    char name[] = "crun-init";
    char *args[] = { name, child->plan_argument, NULL };
    char *env[] = { NULL };
    int base = child->fd_base;

    if (child->new_user_namespace)
        child_keep_capabilities(child);
    child_place(child, child->plan_fd, base + BLOB_FD_PLAN);
    child_place(child, child->sync_fd, base + BLOB_FD_SYNC);
    child_place(child, child->listen_fd, base + BLOB_FD_LISTEN);
    for (unsigned i = 0; i < child->n_slots; i++)
        child_place(child, child->slots[i], base + BLOB_FD_SLOTS + (int) i);
    /* What else the caller left open, without close-on-exec, ends here. */
    fd_close_on_exec_from(base + BLOB_FD_SLOTS + (int) child->n_slots);
    child_fail(child, "execveat", sys_execveat(child->program_fd, "", args, env, AT_EMPTY_PATH));
}

/* ---- clone3 onto another stack ---- */

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define CLONE_ON_STACK 1
static long clone_on_stack(struct sys_clone_args *args, struct child *child)
{
    register void (*function)(struct child *) __asm__("r12") = (void (*)(struct child *)) child_main;
    register struct child *argument __asm__("r13") = child;
    long result;

    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "mov %%r13, %%rdi\n\t"
                     "call *%%r12\n\t"
                     "ud2\n"
                     "1:"
                     : "=a"(result)
                     : "a"(SYS_clone3), "D"(args), "S"(sizeof *args), "r"(function), "r"(argument)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__) && !defined(__SANITIZE_ADDRESS__)
#define CLONE_ON_STACK 1
static long clone_on_stack(struct sys_clone_args *args, struct child *child)
{
    register long x8 __asm__("x8") = SYS_clone3;
    register long x0 __asm__("x0") = (long) args;
    register long x1 __asm__("x1") = sizeof *args;
    register void (*function)(struct child *) __asm__("x19") = (void (*)(struct child *)) child_main;
    register struct child *argument __asm__("x20") = child;

    __asm__ volatile("svc 0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, xzr\n\t"
                     "mov x0, x20\n\t"
                     "blr x19\n\t"
                     "brk 1\n"
                     "1:"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(function), "r"(argument)
                     : "memory", "cc");
    return x0;
}
#else
#define CLONE_ON_STACK 0
#endif

/* The child on its own stack in our memory, which is a part of ours: we stand still as long as it needs it; *RET_PIDFD by the kernel. */
static int clone_shared(struct sys_clone_args args, struct child *child)
{
#if CLONE_ON_STACK
    char stack[CHILD_STACK_SIZE] __attribute__((aligned(16)));

    args.flags |= CLONE_VM | CLONE_VFORK;
    args.stack = (uint64_t) (uintptr_t) stack;
    args.stack_size = CHILD_STACK_SIZE;
    return (int) clone_on_stack(&args, child);
#else
    (void) args;
    (void) child;
    return -ENOSYS;
#endif
}

static int clone_copied(struct sys_clone_args args, struct child *child)
{
    int pid = sys_clone3(&args, sizeof args);

    if (pid == 0)
        child_main(child);
    return pid;
}

/* Kernels and sandboxes without clone3. */
static int clone_old(const struct sys_clone_args *args, struct child *child)
{
    int pid = sys_clone((unsigned long) (args->flags & ~CLONE_INTO_CGROUP) | SIGCHLD, (int *) (uintptr_t) args->pidfd);

    if (pid == 0)
        child_main(child);
    return pid;
}

static bool refuses_cgroup(int code)
{
    return code == -EINVAL || code == -EBUSY || code == -EOPNOTSUPP || code == -E2BIG || code == -EACCES ||
           code == -ENODEV;
}

/* The best way first; each is given up only for what says that the kernel does not have it. */
static int clone_best(struct sys_clone_args *args, struct child *child)
{
    int pid = clone_shared(*args, child);

    if (refuses_cgroup(pid) && (args->flags & CLONE_INTO_CGROUP)) {
        args->flags &= ~CLONE_INTO_CGROUP;
        args->cgroup = 0;
        pid = clone_shared(*args, child);
    }
    if (pid == -EINVAL || (pid == -ENOSYS && !CLONE_ON_STACK))
        pid = clone_copied(*args, child);
    if (pid == -ENOSYS || pid == -EPERM) { /* EPERM: a filter's way to say so, or the truth, which comes again */
        int old = clone_old(args, child);

        args->flags &= ~CLONE_INTO_CGROUP;
        pid = old;
    }
    return pid;
}

/* ---- the program ---- */

static int seal(int fd)
{
    int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

    return fcntl(fd, F_ADD_SEALS, seals) < 0 ? -errno : 0;
}

static int make_memfd(const char *name, unsigned flags)
{
    int fd = sys_memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);

    return fd == -EINVAL && flags ? sys_memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING) : fd;
}

static int memfd_program(void)
{
    _cleanup_close_ int fd = make_memfd("crun-init", MFD_EXEC);
    int r = fd < 0 ? fd : fd_write_all(fd, crun_init_start, (size_t) (crun_init_end - crun_init_start));

    if (r >= 0)
        r = seal(fd);
    return r < 0 ? r : take_fd(&fd);
}

/* The planner keeps room for more rows than there are: that part stays a hole, which reads as the zeros it is. */
static int write_plan(int fd, const struct blob *blob)
{
    size_t rows = sizeof *blob + blob->n_ops * sizeof(struct op);
    size_t data = blob->size - blob->data;
    int r = fd_write_all(fd, blob, rows);
    ssize_t n;

    if (r < 0)
        return r;
    n = pwrite(fd, (const char *) blob + blob->data, data, (off_t) blob->data);
    if (n < 0)
        return -errno;
    return (size_t) n == data ? 0 : -EFBIG; /* in memory: only a limit makes it short */
}

static int memfd_plan(const struct blob *blob)
{
    _cleanup_close_ int fd = make_memfd("crun-plan", MFD_NOEXEC_SEAL);
    int r = fd < 0 ? fd : write_plan(fd, blob);

    if (r >= 0)
        r = seal(fd);
    return r < 0 ? r : take_fd(&fd);
}

/* Where policies forbid to execute a memfd: the installed copy, through a read-only clone of its mount, so that no
 * handle of it can ever be opened for writing. */
static int installed_program(void)
{
    struct sys_mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
    _cleanup_close_ int tree =
        sys_open_tree(AT_FDCWD, CRUN_LIBEXECDIR "/crun-init", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    int r;

    if (tree < 0)
        return tree;
    r = sys_mount_setattr(tree, "", AT_EMPTY_PATH, &attr);
    return r < 0 ? r : take_fd(&tree);
}

static int init_program(bool installed, struct error *err)
{
    int fd = installed ? installed_program() : memfd_program();

    if (fd < 0)
        return error_errno(err, fd,
                           installed ? "open " CRUN_LIBEXECDIR "/crun-init (memfd execution is forbidden here)"
                                     : "memfd_create crun-init");
    return fd;
}

/* ---- together ---- */

/* dup3 in the child must not overwrite what it still has to copy: all sources go above every target. */
static int lift(int *fd, int lowest, struct error *err)
{
    int r;

    if (*fd < 0 || *fd >= lowest)
        return 0;
    r = fcntl(*fd, F_DUPFD_CLOEXEC, lowest);
    if (r < 0)
        return error_errno(err, -errno, "no descriptor left for crun-init (RLIMIT_NOFILE)");
    close(*fd);
    *fd = r;
    return 0;
}

static int lift_all(struct launch *launch, struct child *child, struct error *err)
{
    int lowest = child->fd_base + BLOB_FD_SLOTS + (int) launch->n_slots, r = 0;

    r = lift(&child->program_fd, lowest, err);
    if (r >= 0)
        r = lift(&child->plan_fd, lowest, err);
    if (r >= 0)
        r = lift(&child->sync_fd, lowest, err);
    if (r >= 0)
        r = lift(&launch->listen_fd, lowest, err);
    for (unsigned i = 0; i < launch->n_slots && r >= 0; i++)
        r = lift(&launch->slots[i], lowest, err);
    child->listen_fd = launch->listen_fd;
    return r;
}

/* The caller's limits count at any clone, the container's when it is born in its cgroup. */
static int too_many_processes(const struct launch *launch, struct error *err)
{
    const struct state *state = launch->state;

    error_errno(err, -EAGAIN, "clone the container's process");
    if (!cgroup_pids_explain(state->cgroups, state->n_cgroups, PIDS_OF_CALLER, err))
        cgroup_pids_explain(state->cgroups, state->n_cgroups, PIDS_OF_CONTAINER, err);
    return -EAGAIN;
}

static int do_clone(struct launch *launch, struct child *child, unsigned long flags, int cgroup_fd, bool *ret_in_cgroup,
                    struct error *err)
{
    int pidfd = -1, pid;
    struct sys_clone_args args = { .flags = flags | CLONE_PIDFD,
                                   .pidfd = (uint64_t) (uintptr_t) &pidfd,
                                   .exit_signal = SIGCHLD };
    const uint64_t all = ~(uint64_t) 0;
    uint64_t old;

    if (cgroup_fd >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t) cgroup_fd;
    }
    /* Not by the C library, which keeps some real-time signals out of both masks. */
    sys_rt_sigprocmask(SIG_SETMASK, &all, &old);
    pid = clone_best(&args, child);
    sys_rt_sigprocmask(SIG_SETMASK, &old, NULL);
    if (pid == -EAGAIN)
        return too_many_processes(launch, err);
    if (pid < 0)
        return launch_clone_refused(pid, flags, err);
    launch->pidfd = pidfd;
    launch->state->pid = pid;
    *ret_in_cgroup = args.flags & CLONE_INTO_CGROUP;
    return 0;
}

/* With shared memory the child's failure is known here; init was never executed then. */
static int child_error(struct launch *launch, const struct child *child, struct error *err)
{
    waitid((idtype_t) SYS_P_PIDFD, (id_t) launch->pidfd, &(siginfo_t){ 0 }, WEXITED);
    fd_close(&launch->pidfd);
    launch->state->pid = 0;
    return error_errno(err, child->failed, "%s crun-init", child->call);
}

static int clone_program(struct launch *launch, struct child *child, unsigned long flags, int cgroup_fd,
                         bool *ret_in_cgroup, bool installed, struct error *err)
{
    int r;

    fd_close(&child->program_fd);
    child->program_fd = init_program(installed, err);
    if (child->program_fd < 0)
        return child->program_fd;
    r = lift_all(launch, child, err);
    if (r >= 0)
        r = do_clone(launch, child, flags, cgroup_fd, ret_in_cgroup, err);
    if (r >= 0 && child->failed)
        r = child_error(launch, child, err);
    return r;
}

static void child_done(struct child *child)
{
    fd_close(&child->program_fd);
    fd_close(&child->plan_fd);
    fd_close(&child->sync_fd);
}

int launch_clone(struct launch *launch, unsigned long flags, int cgroup_fd, bool *ret_in_cgroup, struct error *err)
{
    const struct blob *blob = launch->plan->blob;
    _cleanup_(child_done) struct child child = { .program_fd = -1,
                                                 .plan_fd = -1,
                                                 .sync_fd = -1,
                                                 .listen_fd = -1,
                                                 .slots = launch->slots,
                                                 .n_slots = launch->n_slots,
                                                 .fd_base = blob->fd_base,
                                                 .new_user_namespace = flags & CLONE_NEWUSER };
    int sockets[2], r;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
        return error_errno(err, -errno, "socketpair for crun-init");
    launch->sync_fd = sockets[0];
    child.sync_fd = sockets[1];
    child.plan_fd = memfd_plan(blob);
    if (child.plan_fd < 0)
        return error_errno(err, child.plan_fd, "memfd_create crun-plan");
    snprintf(child.plan_argument, sizeof child.plan_argument, "%d", blob->fd_base + BLOB_FD_PLAN);
    r = clone_program(launch, &child, flags, cgroup_fd, ret_in_cgroup, false, err);
    if (r == -EACCES && child.failed) { /* the memfd could not be executed */
        child.failed = 0;
        r = clone_program(launch, &child, flags, cgroup_fd, ret_in_cgroup, true, err);
    }
    return r;
}
