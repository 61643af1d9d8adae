// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * struct spec: config.json of the OCI runtime specification 1.3.0 as plain C data. One arena owns everything;
 * after loading it is const. Absent differs from zero: numbers whose absence matters are `struct opt_*`, an absent
 * object is a NULL pointer, an absent array has n_x == 0 (and x == NULL), an absent string is NULL.
 * No policy here: what a field means is decided by the planner. Field names are the specification's in snake_case.
 * Enumerations that the specification spells as strings are kept as the kernel's or our own enum values, so that
 * an unknown spelling is refused where line and path are known; names of capabilities, rlimits, system calls and
 * mount options stay strings.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct opt_bool {
    bool set;
    bool value;
};
struct opt_i64 {
    bool set;
    int64_t value;
};
struct opt_u64 {
    bool set;
    uint64_t value;
};
struct opt_u32 {
    bool set;
    uint32_t value;
};

struct string_pair {
    const char *key;
    const char *value;
};

struct spec_hook {
    const char *path;
    const char **args;
    size_t n_args;
    const char **env;
    size_t n_env;
    bool has_env;           /* "env" was given, even empty: no PATH is inherited then */
    struct opt_i64 timeout; /* seconds, at least 1 */
};

enum hook_kind {
    HOOK_PRESTART,
    HOOK_CREATE_RUNTIME,
    HOOK_CREATE_CONTAINER,
    HOOK_START_CONTAINER,
    HOOK_POSTSTART,
    HOOK_POSTSTOP,
    N_HOOK_KINDS,
};

struct spec_hooks {
    struct spec_hook *hooks;
    size_t n_hooks;
};

struct id_map {
    uint32_t container_id, host_id, size;
};

struct spec_mount {
    const char *destination;
    const char *type;   /* NULL: none given */
    const char *source; /* NULL: none given */
    const char **options;
    size_t n_options;
    struct id_map *uid_mappings;
    size_t n_uid_mappings;
    struct id_map *gid_mappings;
    size_t n_gid_mappings;
};

struct spec_rlimit {
    const char *type; /* "RLIMIT_NOFILE" */
    uint64_t soft, hard;
};

struct spec_capabilities {
    const char **bounding;
    size_t n_bounding;
    const char **effective;
    size_t n_effective;
    const char **permitted;
    size_t n_permitted;
    const char **inheritable;
    size_t n_inheritable;
    const char **ambient;
    size_t n_ambient;
};

struct spec_scheduler {
    uint32_t policy; /* SCHED_OTHER, ... of <linux/sched.h> */
    int32_t nice;
    int32_t priority;
    uint64_t flags;                     /* SCHED_FLAG_* or-ed */
    uint64_t runtime, deadline, period; /* nanoseconds */
};

struct spec_io_priority {
    uint32_t class; /* IOPRIO_CLASS_RT 1, BE 2, IDLE 3 */
    int32_t priority;
};

struct spec_process {
    bool terminal;
    struct opt_u64 console_height, console_width;
    uint32_t uid, gid;
    struct opt_u32 umask;
    const char *username;
    uint32_t *additional_gids;
    size_t n_additional_gids;
    const char **args;
    size_t n_args;
    const char *command_line;
    const char **env;
    size_t n_env;
    const char *cwd;
    struct spec_capabilities *capabilities; /* NULL: no "capabilities" object, nothing is changed but the ambient set */
    struct spec_rlimit *rlimits;
    size_t n_rlimits;
    bool no_new_privileges, has_no_new_privileges; /* given at all, as a process object of exec need not */
    const char *apparmor_profile;
    const char *selinux_label;
    struct opt_i64 oom_score_adj;
    struct spec_scheduler *scheduler;
    struct spec_io_priority *io_priority;
    const char *affinity_initial, *affinity_final; /* execCPUAffinity */
};

struct spec_root {
    const char *path;
    bool readonly;
};

enum namespace_kind {
    NAMESPACE_MOUNT,
    NAMESPACE_PID,
    NAMESPACE_NETWORK,
    NAMESPACE_UTS,
    NAMESPACE_IPC,
    NAMESPACE_USER,
    NAMESPACE_CGROUP,
    NAMESPACE_TIME,
    N_NAMESPACE_KINDS,
};

struct spec_namespace {
    enum namespace_kind type;
    const char *path; /* NULL: a new one */
};

struct spec_device {
    const char *path;
    char type;                   /* 'c', 'b', 'u' (as 'c', unbuffered) or 'p' */
    struct opt_i64 major, minor; /* set unless it is a 'p' */
    struct opt_u32 file_mode, uid, gid;
};

struct spec_net_device {
    const char *host_name; /* the key */
    const char *name;      /* in the container; NULL: unchanged */
};

struct spec_device_rule {
    bool allow;
    char type;                   /* 'a', 'b', 'c'; absent in the document: 'a' */
    struct opt_i64 major, minor; /* unset or negative: every one */
    const char *access;          /* subset of "rwm"; NULL: all */
};

struct spec_memory {
    struct opt_i64 limit, reservation, swap, kernel, kernel_tcp;
    struct opt_u64 swappiness;
    struct opt_bool disable_oom_killer, use_hierarchy, check_before_update;
};

struct spec_cpu {
    struct opt_u64 shares, period, burst, realtime_period;
    struct opt_i64 quota, realtime_runtime, idle;
    const char *cpus, *mems;
};

/* makedev(3): dev_t of the kernel has 12 and 20 bits. */
#define DEVICE_MAJOR_MAX 4095
#define DEVICE_MINOR_MAX 1048575

/* Weights of block I/O; 0 is "not set". */
#define BLOCK_WEIGHT_MIN 10
#define BLOCK_WEIGHT_MAX 1000

struct spec_weight_device {
    int64_t major, minor;
    struct opt_u32 weight, leaf_weight;
};

struct spec_throttle_device {
    int64_t major, minor;
    uint64_t rate;
};

enum throttle_kind {
    THROTTLE_READ_BPS,
    THROTTLE_WRITE_BPS,
    THROTTLE_READ_IOPS,
    THROTTLE_WRITE_IOPS,
    N_THROTTLE_KINDS,
};

struct spec_block_io {
    struct opt_u32 weight, leaf_weight;
    struct spec_weight_device *weight_devices;
    size_t n_weight_devices;
    struct {
        struct spec_throttle_device *devices;
        size_t n_devices;
    } throttle[N_THROTTLE_KINDS];
};

struct spec_hugepage_limit {
    const char *page_size; /* "2MB" */
    uint64_t limit;
};

struct spec_interface_priority {
    const char *name;
    uint32_t priority;
};

struct spec_network {
    struct opt_u32 class_id;
    struct spec_interface_priority *priorities;
    size_t n_priorities;
};

struct spec_rdma {
    const char *device; /* the key */
    struct opt_u32 hca_handles, hca_objects;
};

struct spec_resources {
    struct spec_device_rule *devices;
    size_t n_devices;
    struct spec_memory *memory;
    struct spec_cpu *cpu;
    struct opt_i64 pids_limit;
    struct spec_block_io *block_io;
    struct spec_hugepage_limit *hugepage_limits;
    size_t n_hugepage_limits;
    struct spec_network *network;
    struct spec_rdma *rdma;
    size_t n_rdma;
    struct string_pair *unified;
    size_t n_unified;
};

struct spec_seccomp_arg {
    uint32_t index;
    uint64_t value, value_two;
    const char *op; /* "SCMP_CMP_EQ", validated */
};

struct spec_seccomp_rule {
    const char **names;
    size_t n_names;
    const char *action; /* "SCMP_ACT_ERRNO", validated */
    struct opt_u32 errno_ret;
    struct spec_seccomp_arg *args;
    size_t n_args;
};

struct spec_seccomp {
    const char *default_action; /* validated */
    struct opt_u32 default_errno_ret;
    const char **architectures;
    size_t n_architectures; /* "SCMP_ARCH_X86_64", validated */
    const char **flags;
    size_t n_flags; /* "SECCOMP_FILTER_FLAG_LOG", validated */
    const char *listener_path, *listener_metadata;
    struct spec_seccomp_rule *syscalls;
    size_t n_syscalls;
};

struct spec_intel_rdt {
    const char *clos_id;
    const char **schemata;
    size_t n_schemata;
    const char *l3_cache_schema, *mem_bw_schema;
    bool enable_monitoring;
};

struct spec_memory_policy {
    const char *mode;  /* "MPOL_BIND", validated */
    const char *nodes; /* "0-3,7" */
    const char **flags;
    size_t n_flags; /* "MPOL_F_STATIC_NODES", validated */
};

struct spec_personality {
    const char *domain; /* "LINUX" or "LINUX32" */
    const char **flags;
    size_t n_flags;
};

struct spec_time_offset {
    bool set;
    int64_t secs;
    uint32_t nanosecs;
};

struct spec_linux {
    struct spec_namespace *namespaces;
    size_t n_namespaces;
    struct id_map *uid_mappings;
    size_t n_uid_mappings;
    struct id_map *gid_mappings;
    size_t n_gid_mappings;
    struct spec_device *devices;
    size_t n_devices;
    struct spec_net_device *net_devices;
    size_t n_net_devices;
    const char *cgroups_path;
    struct spec_resources *resources; /* NULL: none */
    const char *rootfs_propagation;   /* "private", "rslave", ... ; NULL: none given */
    struct spec_seccomp *seccomp;     /* NULL: none */
    struct string_pair *sysctl;
    size_t n_sysctl;
    const char **masked_paths;
    size_t n_masked_paths;
    const char **readonly_paths;
    size_t n_readonly_paths;
    const char *mount_label;
    struct spec_intel_rdt *intel_rdt;
    struct spec_memory_policy *memory_policy;
    struct spec_personality *personality;
    struct spec_time_offset boottime, monotonic;
};

struct spec {
    const char *oci_version;
    struct spec_root *root;       /* NULL: none given */
    struct spec_process *process; /* NULL: none given (create and state allow it, start does not) */
    const char *hostname, *domainname;
    struct spec_mount *mounts;
    size_t n_mounts;
    struct spec_hooks hooks[N_HOOK_KINDS];
    struct string_pair *annotations;
    size_t n_annotations;
    struct spec_linux *linux_; /* never NULL after loading: an absent "linux" is an empty one */
};

/* An annotation that the probes of the host must know of. */
#define SPEC_FORCE_CGROUP_V1 "run.oci.systemd.force_cgroup_v1"

/* The value of annotation KEY, or NULL. */
const char *spec_annotation(const struct spec *spec, const char *key);
/* Whether annotation KEY is there and says yes: "1", "true" or "yes". */
bool spec_annotation_is_on(const struct spec *spec, const char *key);

/* The specification's name of a kind: "mount", "pid", "network", ...; "prestart", "createRuntime", ... */
const char *namespace_kind_name(enum namespace_kind kind);
const char *hook_kind_name(enum hook_kind kind);

/* The CLONE_NEW* flag of a kind. */
unsigned namespace_kind_flag(enum namespace_kind kind);
