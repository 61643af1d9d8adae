// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Loading a device program and attaching it to a v2 cgroup, and replacing it by another one. The verifier's log costs
 * time and is asked for only when loading has failed.
 *
 * Replacing: the kernel exchanges one program for another in one step (Linux 5.6). Where it cannot, the new one is
 * attached beside the old one, which then goes: in between an access needs both, so nothing is open that neither allows.
 */
#include "cgroup/cgroup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroup/bpf.h"

#define INSTRUCTION_SIZE 8
#define LOG_SIZE         65536
#define PROGRAMS_MAX     64 /* the kernel's limit of programs of a cgroup */
#define INTERRUPTED_MAX  16 /* the verifier gives up with EAGAIN when a signal is pending */

int bpf_call(int command, union bpf_attr *attr)
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
    union bpf_attr attr;

    memset(&attr, 0, sizeof attr);
    attr.load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attr.load.insn_cnt = (uint32_t) (size / INSTRUCTION_SIZE);
    attr.load.insns = (uintptr_t) program;
    attr.load.license = (uintptr_t) "GPL";
    attr.load.log_level = log != NULL;
    attr.load.log_size = (uint32_t) log_size;
    attr.load.log_buf = (uintptr_t) log;
    memcpy(attr.load.prog_name, BPF_DEVICES_NAME, sizeof BPF_DEVICES_NAME);
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
    error_errno(err, fd, "bpf: load the device program");
    if (fd == -EINVAL || fd == -EACCES)
        add_log(program, size, err);
    if (fd == -EPERM)
        error_append(err, " (CAP_BPF or CAP_SYS_ADMIN of the initial user namespace is needed)");
    return fd;
}

static int attach(int cgroup_fd, int program_fd, int replaced_fd)
{
    union bpf_attr attr;

    memset(&attr, 0, sizeof attr);
    attr.attach.target_fd = (uint32_t) cgroup_fd;
    attr.attach.attach_bpf_fd = (uint32_t) program_fd;
    attr.attach.attach_type = BPF_CGROUP_DEVICE;
    attr.attach.attach_flags = BPF_F_ALLOW_MULTI;
    if (replaced_fd >= 0) {
        attr.attach.attach_flags |= BPF_F_REPLACE;
        attr.attach.replace_bpf_fd = (uint32_t) replaced_fd;
    }
    return bpf_call(BPF_PROG_ATTACH, &attr);
}

static int attach_error(const struct cgroup_dir *dir, int code, struct error *err)
{
    return error_errno(err, code, "attach the device program to cgroup \"%s%s\"", dir->mount, dir->path);
}

int cgroup_attach_devices(const struct cgroup_dir *dir, const void *program, size_t size, struct error *err)
{
    _cleanup_close_ int program_fd = load_explained(program, size, err), cgroup_fd = -1;
    int r;

    if (program_fd < 0)
        return program_fd;
    cgroup_fd = cgroup_open(dir, err);
    if (cgroup_fd < 0)
        return cgroup_fd;
    r = attach(cgroup_fd, program_fd, -1);
    return r < 0 ? attach_error(dir, r, err) : 0;
}

/* ---- replacing ---- */

static int program_by_id(uint32_t id)
{
    union bpf_attr attr;

    memset(&attr, 0, sizeof attr);
    attr.id = id;
    return bpf_call(BPF_PROG_GET_FD_BY_ID, &attr);
}

static bool is_ours(int program_fd)
{
    enum { NAME_OFFSET = 64 }; /* of struct bpf_prog_info */
    char info[256] = { 0 };
    union bpf_attr attr;

    memset(&attr, 0, sizeof attr);
    attr.info = (struct bpf_info_attr){ (uint32_t) program_fd, sizeof info, (uintptr_t) info };
    return bpf_call(BPF_OBJ_GET_INFO_BY_FD, &attr) >= 0 && strcmp(info + NAME_OFFSET, BPF_DEVICES_NAME) == 0;
}

/* The program of ours that is attached, -ENOENT if none is. */
static int find_ours(int cgroup_fd)
{
    uint32_t ids[PROGRAMS_MAX];
    union bpf_attr attr;
    int r;

    memset(&attr, 0, sizeof attr);
    attr.query = (struct bpf_query_attr){ .target_fd = (uint32_t) cgroup_fd,
                                          .attach_type = BPF_CGROUP_DEVICE,
                                          .prog_ids = (uintptr_t) ids,
                                          .prog_cnt = PROGRAMS_MAX };
    r = bpf_call(BPF_PROG_QUERY, &attr);
    for (uint32_t i = 0; r >= 0 && i < attr.query.prog_cnt; i++) {
        int fd = program_by_id(ids[i]);

        if (fd >= 0 && is_ours(fd))
            return fd;
        fd_close(&fd);
    }
    return r < 0 ? r : -ENOENT;
}

static int detach(int cgroup_fd, int program_fd)
{
    union bpf_attr attr;

    memset(&attr, 0, sizeof attr);
    attr.attach.target_fd = (uint32_t) cgroup_fd;
    attr.attach.attach_bpf_fd = (uint32_t) program_fd;
    attr.attach.attach_type = BPF_CGROUP_DEVICE;
    return bpf_call(BPF_PROG_DETACH, &attr);
}

static int exchange(int cgroup_fd, int old_fd, int new_fd)
{
    int r;

    if (new_fd < 0)
        return old_fd < 0 ? 0 : detach(cgroup_fd, old_fd);
    r = attach(cgroup_fd, new_fd, old_fd);
    if (r >= 0 || old_fd < 0)
        return r;
    r = attach(cgroup_fd, new_fd, -1);
    return r < 0 ? r : detach(cgroup_fd, old_fd);
}

int cgroup_replace_devices(const struct cgroup_dir *dir, const void *program, size_t size, int *ret_before_fd,
                           struct error *err)
{
    _cleanup_close_ int cgroup_fd = cgroup_open(dir, err), old_fd = -1, new_fd = -1;
    int r;

    if (cgroup_fd < 0)
        return cgroup_fd;
    old_fd = find_ours(cgroup_fd);
    if (old_fd < 0 && old_fd != -ENOENT)
        return error_errno(err, old_fd, "look for the device program of cgroup \"%s%s\"", dir->mount, dir->path);
    if (program) {
        new_fd = load_explained(program, size, err);
        if (new_fd < 0)
            return new_fd;
    }
    r = exchange(cgroup_fd, old_fd, new_fd);
    if (r < 0)
        return attach_error(dir, r, err);
    *ret_before_fd = old_fd < 0 ? -1 : take_fd(&old_fd);
    return 0;
}

int cgroup_restore_devices(const struct cgroup_dir *dir, int before_fd, struct error *err)
{
    _cleanup_close_ int cgroup_fd = cgroup_open(dir, err), now_fd = -1;
    int r;

    if (cgroup_fd < 0)
        return cgroup_fd;
    now_fd = find_ours(cgroup_fd);
    r = now_fd < 0 && now_fd != -ENOENT ? now_fd : exchange(cgroup_fd, now_fd, before_fd);
    return r < 0 ? attach_error(dir, r, err) : 0;
}
