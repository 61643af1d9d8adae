// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Loading a device program and attaching it to a v2 cgroup, bpf(2). The attribute is a block larger than any kernel's,
 * zeroed: kernels may write results behind the fields that a caller knows of, and a zero tail is always accepted.
 * The verifier's log costs time and is asked for only when loading has failed.
 */
#include "cgroup/cgroup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

/* Of <linux/bpf.h>, which not every libc's headers come with. */
enum { BPF_PROG_LOAD = 5, BPF_PROG_ATTACH = 8 };
enum { BPF_PROG_TYPE_CGROUP_DEVICE = 15, BPF_CGROUP_DEVICE = 6, BPF_F_ALLOW_MULTI = 2 };

struct load_attr {
    uint32_t prog_type, insn_cnt;
    uint64_t insns, license;
    uint32_t log_level, log_size;
    uint64_t log_buf;
    uint32_t kern_version, prog_flags;
    char prog_name[16];
};

struct attach_attr {
    uint32_t target_fd, attach_bpf_fd, attach_type, attach_flags, replace_bpf_fd;
};

union attr {
    struct load_attr load;
    struct attach_attr attach;
    char room[512];
};

#define INSTRUCTION_SIZE 8
#define LOG_SIZE         65536
#define INTERRUPTED_MAX  16 /* the verifier gives up with EAGAIN when a signal is pending */

static int bpf_call(int command, union attr *attr)
{
    long r = -1;

    for (int i = 0; i < INTERRUPTED_MAX && r < 0; i++) {
        r = syscall(SYS_bpf, command, attr, sizeof *attr);
        if (r < 0 && errno != EAGAIN && errno != EINTR)
            break;
    }
    return r < 0 ? -errno : (int) r;
}

static int load(const void *program, size_t size, char *log, size_t log_size)
{
    union attr attr;

    memset(&attr, 0, sizeof attr);
    attr.load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attr.load.insn_cnt = (uint32_t) (size / INSTRUCTION_SIZE);
    attr.load.insns = (uintptr_t) program;
    attr.load.license = (uintptr_t) "GPL";
    attr.load.log_level = log != NULL;
    attr.load.log_size = (uint32_t) log_size;
    attr.load.log_buf = (uintptr_t) log;
    memcpy(attr.load.prog_name, "crun_devices", sizeof "crun_devices");
    return bpf_call(BPF_PROG_LOAD, &attr);
}

/* Kernels before 5.11 count programs against RLIMIT_MEMLOCK, which may be small, and say EPERM. */
static int load_unlimited(const void *program, size_t size)
{
    struct rlimit old, wide = { RLIM_INFINITY, RLIM_INFINITY };
    int fd;

    if (getrlimit(RLIMIT_MEMLOCK, &old) < 0 || setrlimit(RLIMIT_MEMLOCK, &wide) < 0)
        return -EPERM;
    fd = load(program, size, NULL, 0);
    setrlimit(RLIMIT_MEMLOCK, &old);
    return fd;
}

/* The last line of the verifier's log says what it did not like. */
static void add_log(const void *program, size_t size, struct error *err)
{
    static const char nothing[] = "";
    _cleanup_free_ char *log = calloc(1, LOG_SIZE);
    const char *line = nothing;
    int fd = log ? load(program, size, log, LOG_SIZE - 1) : -1;

    fd_close(&fd);
    for (char *at = log; at && *at; at += strcspn(at, "\n"), at += *at == '\n')
        if (strncmp(at, "processed ", 10) != 0 && *at != '\n')
            line = at;
    if (*line)
        error_append(err, " (verifier: %.*s)", (int) strcspn(line, "\n"), line);
}

static int load_explained(const void *program, size_t size, struct error *err)
{
    int fd = load(program, size, NULL, 0);

    if (fd == -EPERM)
        fd = load_unlimited(program, size);
    if (fd >= 0)
        return fd;
    error_errno(err, fd, "load the device program");
    if (fd == -EINVAL || fd == -EACCES)
        add_log(program, size, err);
    if (fd == -EPERM)
        error_append(err, " (CAP_BPF or CAP_SYS_ADMIN of the initial user namespace is needed)");
    return fd;
}

int cgroup_attach_devices(const struct cgroup_dir *dir, const void *program, size_t size, struct error *err)
{
    _cleanup_close_ int program_fd = load_explained(program, size, err), cgroup_fd = -1;
    union attr attr;
    int r;

    if (program_fd < 0)
        return program_fd;
    cgroup_fd = cgroup_open(dir, err);
    if (cgroup_fd < 0)
        return cgroup_fd;
    memset(&attr, 0, sizeof attr);
    attr.attach.target_fd = (uint32_t) cgroup_fd;
    attr.attach.attach_bpf_fd = (uint32_t) program_fd;
    attr.attach.attach_type = BPF_CGROUP_DEVICE;
    attr.attach.attach_flags = BPF_F_ALLOW_MULTI;
    r = bpf_call(BPF_PROG_ATTACH, &attr);
    return r < 0 ? error_errno(err, r, "attach the device program to cgroup \"%s%s\"", dir->mount, dir->path) : 0;
}
