// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bpf(2) for the device programs of this folder. The attribute is a block larger than any kernel's, zeroed: kernels may
 * write results behind the fields that a caller knows of, and a zero tail is always accepted.
 */
#pragma once

#include <stdint.h>

/* Of <linux/bpf.h>, which not every libc's headers come with. */
enum {
    BPF_PROG_LOAD = 5,
    BPF_PROG_ATTACH = 8,
    BPF_PROG_DETACH = 9,
    BPF_PROG_GET_FD_BY_ID = 13,
    BPF_OBJ_GET_INFO_BY_FD = 15,
    BPF_PROG_QUERY = 16,
};
enum { BPF_PROG_TYPE_CGROUP_DEVICE = 15, BPF_CGROUP_DEVICE = 6, BPF_F_ALLOW_MULTI = 2, BPF_F_REPLACE = 4 };

#define BPF_DEVICES_NAME "crun_devices" /* by which we know our own programs again */

struct bpf_load_attr {
    uint32_t prog_type, insn_cnt;
    uint64_t insns, license;
    uint32_t log_level, log_size;
    uint64_t log_buf;
    uint32_t kern_version, prog_flags;
    char prog_name[16];
};

struct bpf_attach_attr {
    uint32_t target_fd, attach_bpf_fd, attach_type, attach_flags, replace_bpf_fd;
};

struct bpf_query_attr {
    uint32_t target_fd, attach_type, query_flags, attach_flags;
    uint64_t prog_ids;
    uint32_t prog_cnt;
};

struct bpf_info_attr {
    uint32_t bpf_fd, info_len;
    uint64_t info;
};

union bpf_attr {
    struct bpf_load_attr load;
    struct bpf_attach_attr attach;
    struct bpf_query_attr query;
    struct bpf_info_attr info;
    uint32_t id;
    char room[512];
};

/* bpf(2), again when it was interrupted; -errno. */
int bpf_call(int command, union bpf_attr *attr);
