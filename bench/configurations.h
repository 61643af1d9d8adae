// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The measured configurations as the floor does them: "default" is what `crun spec` prints, "podman" and "containerd"
 * are tests/data/engines/{podman-run,containerd-run}/config.json with paths as bench/run puts them.
 */

static const struct mount_row default_mounts[] = {
    {"proc",                      "proc", "proc", 0, NULL, 0 },
    { "tmpfs",                     "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k", 0 },
    { "devpts",                       "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5", 0755 },
    { "shm",                          "dev/shm", "tmpfs", NNN, "mode=1777,size=65536k", 01777 },
    { "mqueue",  "dev/mqueue", "mqueue", NNN, NULL, 0755 },
    { "sysfs", "sys", "sysfs", NNN | MS_RDONLY, NULL, 0 },
    { "cgroup2",                          "sys/fs/cgroup", "cgroup2", NNN | MS_RDONLY | MS_RELATIME, NULL, 0 },
    { 0                  },
};

static const struct mount_row podman_mounts[] = {
    {"proc",                      "proc", "proc", NNN, NULL, 0 },
    { "tmpfs",                     "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k", 0 },
    { "sysfs",                       "sys", "sysfs", NNN | MS_RDONLY, NULL, 0 },
    { "devpts",                          "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5", 0755 },
    { "mqueue",  "dev/mqueue", "mqueue", NNN, NULL, 0755 },
    { "../source/.containerenv", "run/.containerenv", NULL, MS_BIND, NULL, 0 },
    { NULL,                          "run/.containerenv", NULL, MS_PRIVATE, NULL, 0 },
    { "../source/hostname",                    "etc/hostname", NULL, MS_BIND, NULL, 0 },
    { NULL,                    "etc/hostname", NULL, MS_PRIVATE, NULL, 0 },
    { "../source/resolv.conf",                       "etc/resolv.conf", NULL, MS_BIND, NULL, 0 },
    { NULL,                          "etc/resolv.conf", NULL, MS_PRIVATE, NULL, 0 },
    { "../source/hosts","etc/hosts", NULL, MS_BIND, NULL, 0 },
    { NULL,      "etc/hosts", NULL, MS_PRIVATE, NULL, 0 },
    { "../source/shm",                       "dev/shm", NULL, MS_BIND | NNN, NULL, 01777 },
    { NULL,                   "dev/shm", NULL, MS_PRIVATE, NULL, 0 },
    { "cgroup2",                   "sys/fs/cgroup", "cgroup2", NNN | MS_RDONLY | MS_RELATIME, NULL, 0 },
    { NULL,                       "sys/fs/cgroup", NULL, MS_PRIVATE, NULL, 0 },
    { 0                         },
};

static const struct mount_row containerd_mounts[] = {
    {"proc",                      "proc", "proc", NNN, NULL, 0 },
    { "tmpfs",                     "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k", 0 },
    { "devpts",                       "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5", 0755 },
    { "shm",                          "dev/shm", "tmpfs", NNN, "mode=1777,size=65536k", 01777 },
    { "mqueue",  "dev/mqueue", "mqueue", NNN, NULL, 0755 },
    { "sysfs", "sys", "sysfs", NNN | MS_RDONLY, NULL, 0 },
    { "tmpfs",                          "run", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k", 0 },
    { 0                  },
};

static const char *const standard_readonly[] = { "proc/bus",           "proc/fs", "proc/irq", "proc/sys",
                                                 "proc/sysrq-trigger", NULL };
static const char *const podman_readonly[] = { "proc/asound", "proc/bus",           "proc/fs", "proc/irq",
                                               "proc/sys",    "proc/sysrq-trigger", NULL };
static const char *const standard_files[] = {
    "proc/kcore", "proc/keys", "proc/latency_stats", "proc/timer_list", "proc/timer_stats", "proc/sched_debug", NULL
};
static const char *const podman_files[] = { "proc/kcore",         "proc/keys",
                                            "proc/latency_stats", "proc/timer_list",
                                            "proc/timer_stats",   "proc/sched_debug",
                                            "proc/interrupts",    NULL };
static const char *const standard_directories[] = {
    "sys/firmware", "proc/acpi", "proc/asound", "proc/scsi", "sys/devices/virtual/powercap", NULL
};
static const char *const podman_directories[] = {
    "sys/firmware", "proc/acpi", "proc/scsi", "sys/fs/selinux", "sys/devices/virtual/powercap", NULL
};

static const struct limit default_limits[] = {
    {RLIMIT_NOFILE, 1024 },
    { 0           }
};
static const struct limit podman_limits[] = {
    {RLIMIT_NOFILE, 20000 },
    { RLIMIT_NPROC,            90000 },
    { 0}
};

#define FIVE (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
#define PROGRAMS(name)                                                                                                 \
    .devices = name##_devices, .n_devices = sizeof name##_devices / sizeof name##_devices[0], .filter = name##_filter, \
    .n_filter = sizeof name##_filter / sizeof name##_filter[0]

static const struct configuration configurations[] = {
    {
     .name = "default",
     .hostname = "crun",
     .cgroup = CGROUPS "floor",
     .keyring = "_ses.floor",
     .program = "/true",
     .namespaces = FIVE,
     .cgroup_namespace = CLONE_NEWCGROUP,
     .mounts = default_mounts,
     .readonly_paths = standard_readonly,
     .masked_files = standard_files,
     .masked_directories = standard_directories,
     .limits = default_limits,
     /* KILL, NET_BIND_SERVICE, AUDIT_WRITE */
        .capabilities = CAPABILITY(5) | CAPABILITY(10) | CAPABILITY(29),
     .root_readonly = 1,
     .no_new_privileges = 1,
     PROGRAMS(default),
     },
    {
     .name = "podman",
     .hostname = "4ce0ac0ad98c",
     .cgroup_parent = CGROUPS "libpod_parent",
     .cgroup = CGROUPS "libpod_parent/floor",
     .keyring = "_ses.floor",
     .network = "/run/netns/bench",
     .program = "/true",
     .namespaces = FIVE & ~(unsigned long long) CLONE_NEWNET,
     .cgroup_namespace = CLONE_NEWCGROUP,
     .mounts = podman_mounts,
     .readonly_paths = podman_readonly,
     .masked_files = podman_files,
     .masked_directories = podman_directories,
     .ping_group_range = "0 0",
     /* CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE SYS_CHROOT SETFCAP */
        .capabilities = 0x5fb | CAPABILITY(18) | CAPABILITY(31),
     .limits = podman_limits,
     PROGRAMS(podman),
     },
    {
     .name = "containerd",
     .hostname = "",
     .cgroup_parent = CGROUPS "default",
     .cgroup = CGROUPS "default/floor",
     .keyring = "_ses.floor",
     .program = "/true",
     .namespaces = FIVE,
     .mounts = containerd_mounts,
     .readonly_paths = standard_readonly,
     .masked_files = standard_files,
     .masked_directories = standard_directories,
     .limits = default_limits,
     /* the same, and MKNOD NET_RAW AUDIT_WRITE */
        .capabilities = 0x5fb | CAPABILITY(13) | CAPABILITY(18) | CAPABILITY(27) | CAPABILITY(29) | CAPABILITY(31),
     .no_new_privileges = 1,
     PROGRAMS(containerd),
     },
};
