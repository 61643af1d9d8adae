// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The floor: what a container costs when nothing is read, decided, checked or written down. It makes the effects of one
 * of the measured configurations that the kernel sees (namespaces, mounts, masked and read-only paths, cgroup with
 * device program, seccomp filter, credentials, exec, removal) by the shortest way, everything hard-coded, and waits for
 * the process. A runtime cannot be faster; how much slower it is, is what the runtime itself costs.
 *
 *     floor CONFIGURATION BUNDLE [times]   (with a pure cgroup v2 at /sys/fs/cgroup)
 *
 * "times" writes a line with the microseconds of each part (bench/phases.py has their names).
 *
 * programs.h is made by bench/run: the device programs and seccomp filters that our crun loads for the same
 * configurations, so that the kernel has to check and translate the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sys/raw.h"
#include "programs.h"

#define CGROUPS "/sys/fs/cgroup/"

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif
#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif

struct mount_row {
    const char *source, *target, *type;
    unsigned long flags;
    const char *data;
    mode_t make; /* of a mount point that is not in the image; S_IFREG: a file */
};

struct limit {
    int resource;
    rlim_t value;
};

struct configuration {
    const char *name, *hostname, *cgroup_parent, *cgroup, *keyring, *network, *program;
    unsigned long long namespaces; /* of the clone */
    unsigned long cgroup_namespace;
    const struct mount_row *mounts;
    const char *const *readonly_paths, *const *masked_files, *const *masked_directories;
    const char *ping_group_range;
    uint64_t capabilities;
    const struct limit *limits;
    int root_readonly, no_new_privileges;
    const struct bpf_insn *devices;
    unsigned n_devices;
    const struct sock_filter *filter;
    unsigned short n_filter;
};

#define NNN           (MS_NOSUID | MS_NOEXEC | MS_NODEV)
#define CAPABILITY(n) (1ULL << (n))

enum { LAST_CAPABILITY = 40 };

#include "configurations.h"

/* ---- times: written by both, for the memory is the same ---- */

static struct {
    int64_t at[16];
    int n;
} stamps;

static void stamp(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    stamps.at[stamps.n++] = (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

static void print_times(void)
{
    for (int i = 1; i < stamps.n; i++)
        printf("%.1f ", (double) (stamps.at[i] - stamps.at[i - 1]) / 1000);
    putchar('\n');
}

/* ---- the child: our memory until its exec ---- */

static void need(long r, const char *what)
{
    if (r >= 0)
        return;
    dprintf(2, "floor: %s: %s\n", what, strerror(errno));
    _exit(125);
}

/* A path that this kernel does not have is nothing to hide. */
static void need_unless_missing(long r, const char *what)
{
    if (r < 0 && errno != ENOENT)
        need(r, what);
}

static void make_mount_point(const struct mount_row *row)
{
    if (S_ISREG(row->make))
        mknod(row->target, row->make, 0);
    else if (row->make)
        need(mkdir(row->target, row->make), row->target);
}

static void do_mounts(const struct configuration *c)
{
    for (const struct mount_row *row = c->mounts; row->target; row++) {
        make_mount_point(row);
        need(mount(row->source, row->target, row->type, row->flags, row->data), row->target);
        if (row->flags & MS_BIND && row->flags & ~(unsigned long) (MS_BIND | MS_REC))
            need(mount(NULL, row->target, NULL, row->flags | MS_REMOUNT, NULL), row->target);
    }
}

static void make_devices(void)
{
    static const struct {
        const char *path;
        unsigned major, minor;
    } devices[] = {
        {"dev/null",     1, 3},
        { "dev/zero",    1, 5},
        { "dev/full",    1, 7},
        { "dev/random",  1, 8},
        { "dev/urandom", 1, 9},
        { "dev/tty",     5, 0}
    };
    static const char *const links[][2] = {
        {"/proc/self/fd",    "dev/fd"    },
        { "/proc/self/fd/0", "dev/stdin" },
        { "/proc/self/fd/1", "dev/stdout"},
        { "/proc/self/fd/2", "dev/stderr"},
        { "pts/ptmx",        "dev/ptmx"  }
    };

    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++)
        need(mknod(devices[i].path, S_IFCHR | 0666, makedev(devices[i].major, devices[i].minor)), devices[i].path);
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
        need(symlink(links[i][0], links[i][1]), links[i][1]);
}

static void do_paths(const struct configuration *c)
{
    const char *const *first = c->masked_directories;

    for (const char *const *path = c->readonly_paths; *path; path++) {
        if (mount(*path, *path, NULL, MS_BIND | MS_REC, NULL) == 0)
            need(mount(NULL, *path, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | NNN, NULL), *path);
    }
    for (const char *const *path = c->masked_files; *path; path++)
        need_unless_missing(mount("dev/null", *path, NULL, MS_BIND, NULL), *path);
    need(mount("tmpfs", *first, "tmpfs", MS_RDONLY | NNN, NULL), *first);
    for (const char *const *path = first + 1; *path; path++)
        need_unless_missing(mount(*first, *path, NULL, MS_BIND, NULL), *path);
}

static void write_sysctl(const char *value)
{
    int fd;

    if (!value)
        return;
    fd = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY | O_CLOEXEC);
    need(fd, "ping_group_range");
    need(write(fd, value, strlen(value)), "ping_group_range");
    close(fd);
}

static void enter_network(const char *path)
{
    int fd;

    if (!path)
        return;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    need(setns(fd, CLONE_NEWNET), path);
    close(fd);
}

static void make_root(const struct configuration *c)
{
    need(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL), "slave");
    need(mount("rootfs", "rootfs", NULL, MS_BIND | MS_REC, NULL), "rootfs");
    need(chdir("rootfs"), "rootfs");
    do_mounts(c);
    stamp();
    make_devices();
    write_sysctl(c->ping_group_range);
    stamp();
    need(syscall(SYS_pivot_root, ".", "."), "pivot_root");
    need(umount2(".", MNT_DETACH), "umount");
    stamp();
    do_paths(c);
    if (c->root_readonly)
        need(mount(NULL, "/", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), "/");
}

static void drop_privileges(const struct configuration *c)
{
    uint32_t header[2] = { 0x20080522, 0 };
    uint32_t low = (uint32_t) c->capabilities, high = (uint32_t) (c->capabilities >> 32);
    uint32_t data[6] = { low, low, 0, high, high, 0 };

    for (unsigned long i = 0; i <= LAST_CAPABILITY; i++)
        if (!(c->capabilities & CAPABILITY(i)))
            need(prctl(PR_CAPBSET_DROP, i), "bounding set");
    need(syscall(SYS_setgroups, 0, NULL), "setgroups");
    need(syscall(SYS_capset, header, data), "capset");
    for (const struct limit *limit = c->limits; limit->value; limit++)
        need(prlimit(0, limit->resource, &(struct rlimit){ limit->value, limit->value }, NULL), "prlimit");
    if (c->no_new_privileges)
        need(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
}

static void filter_calls(const struct configuration *c)
{
    struct sock_fprog program = { c->n_filter, (struct sock_filter *) c->filter };

    if (c->n_filter)
        need(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), "seccomp");
}

static void __attribute__((noreturn)) child(const struct configuration *c)
{
    static char *const env[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL };
    char *args[] = { (char *) c->program, NULL };

    stamp();
    need(unshare((int) c->cgroup_namespace), "cgroup namespace");
    enter_network(c->network);
    need(setsid(), "setsid");
    need(syscall(SYS_keyctl, 1, c->keyring), "keyctl");
    need(sethostname(c->hostname, strlen(c->hostname)), "sethostname");
    umask(0);
    make_root(c);
    stamp();
    umask(022);
    if (!c->no_new_privileges)
        filter_calls(c); /* needs CAP_SYS_ADMIN, and allows what follows */
    drop_privileges(c);
    stamp();
    if (c->no_new_privileges)
        filter_calls(c);
    execve(c->program, args, env);
    need(-1, "execve");
    _exit(125);
}

/* ---- the parent ---- */

static void guard_devices(const struct configuration *c, int cgroup_fd)
{
    union bpf_attr load = { .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
                            .insn_cnt = c->n_devices,
                            .insns = (uint64_t) (uintptr_t) c->devices,
                            .license = (uint64_t) (uintptr_t) "GPL" };
    union bpf_attr attach = { .target_fd = (uint32_t) cgroup_fd,
                              .attach_type = BPF_CGROUP_DEVICE,
                              .attach_flags = BPF_F_ALLOW_MULTI };
    int fd = (int) syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load);

    need(fd, "load the device program");
    attach.attach_bpf_fd = (uint32_t) fd;
    need(syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof attach), "attach the device program");
}

/* In our memory and on our stack: we stand still until its exec, and it never returns from here. */
static long clone_child(const struct configuration *c, int cgroup_fd)
{
    uint64_t args[11] = {
        [0] = c->namespaces | CLONE_VM | CLONE_VFORK | CLONE_INTO_CGROUP, [4] = SIGCHLD, [10] = (uint64_t) cgroup_fd
    };
    long pid = sys_call6(SYS_clone3, (long) args, sizeof args, 0, 0, 0, 0);

    if (pid == 0)
        child(c);
    return pid;
}

static int run(const struct configuration *c)
{
    int cgroup_fd, status;
    long pid;

    stamp();
    if (c->cgroup_parent)
        need(mkdir(c->cgroup_parent, 0755) < 0 && errno != EEXIST ? -1 : 0, c->cgroup_parent);
    need(mkdir(c->cgroup, 0755), c->cgroup);
    cgroup_fd = open(c->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    guard_devices(c, cgroup_fd);
    stamp();
    pid = clone_child(c, cgroup_fd);
    stamp();
    if (pid < 0)
        errno = (int) -pid;
    need(pid, "clone3");
    need(waitpid((pid_t) pid, &status, 0), "waitpid");
    stamp();
    need(rmdir(c->cgroup), c->cgroup);
    stamp();
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof configurations / sizeof configurations[0]; i++)
        if (argc >= 3 && strcmp(argv[1], configurations[i].name) == 0) {
            int status = (need(chdir(argv[2]), argv[2]), run(&configurations[i]));

            if (argc > 3)
                print_times();
            return status;
        }
    dprintf(2, "usage: floor default|podman|containerd BUNDLE [times]\n");
    return 2;
}
