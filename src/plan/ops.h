// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The catalogue of operations. A launch plan is a flat list of these; two programs walk it: crun (rows of side
 * PARENT) and crun-init (rows of side INIT). Both sides meet at `sync` rows. One line here makes the enumeration, the
 * structure, the description of its fields (by which crun-init checks every offset before it uses it, and by
 * which plans are printed) and, since no switch over op kinds has a default, a build error wherever it is forgotten.
 *
 *   OP(NAME, name, fields)     fields:  STR(f)   string in the blob, or none
 *                                       LIST(f)  list of strings, relocated to char ** by whoever uses it
 *                                       BYTES(f) blob of bytes
 *                                       NUM(f)   64-bit number, signed or unsigned as the reader takes it
 *                                       SLOT(f)  descriptor slot (see blob.h), SLOT_NONE for none
 *
 * Every op also has `what`: the thing in the user's words (`mounts[3] "/data"`), with which every error begins.
 */
#pragma once

#include <stdint.h>

/* References into the data of a blob: offsets from its start; 0 is "none". */
typedef uint32_t op_str;
struct op_list {
    uint32_t offset; /* of n + 1 words of 64 bits: offsets of strings, the last one 0 */
    uint32_t n;
};
struct op_bytes {
    uint32_t offset;
    uint32_t size;
};
typedef int32_t op_slot;
#define SLOT_NONE (-1)

/* Parent: before the process exists. */
#define OP_CATALOGUE_PARENT(OP, STR, LIST, BYTES, NUM, SLOT)                                                                 \
    /* The state directory with status "creating"; everything below is described there before it exists. */                  \
    OP(STATE_CREATE, state_create, )                                                                                         \
    /* The directory and socket NAME of the sd_notify(3) proxy, in the state directory. */                                   \
    OP(NOTIFY, notify, STR(name))                                                                                            \
    /* Make cgroup PATH in the hierarchy mounted at MOUNT; on v2 enable the controllers ENABLE ("memory pids ?io": \
     * one with ? only if that is possible) down the path. Fails if the last component has processes or is frozen. */         \
    OP(CGROUP_MAKE, cgroup_make, NUM(hierarchy) STR(mount) STR(path) STR(enable) NUM(flags))                                 \
    /* One write(2) of VALUE to FILE of the cgroup. */                                                                       \
    OP(CGROUP_WRITE, cgroup_write, NUM(hierarchy) STR(file) STR(value) NUM(flags))                                           \
    /* Attach an eBPF device program (struct bpf_insn array) to the v2 cgroup. FLAGS: CGROUP_WRITE_OPTIONAL. */              \
    OP(CGROUP_DEVICES, cgroup_devices, NUM(hierarchy) BYTES(program) NUM(flags))                                             \
    /* Move init into the hierarchies of bit set MASK. */                                                                    \
    OP(CGROUP_JOIN, cgroup_join, NUM(mask))                                                                                  \
    /* Move init to cgroup PATH (the runtime's own) of HIERARCHY until a later CGROUP_JOIN: what set-up            \
     * allocates is not charged to a container with a small memory limit. */         \
    OP(CGROUP_LEAVE, cgroup_leave, NUM(hierarchy) STR(path))                                                                 \
    /* Make cgroup NAME below the container's in HIERARCHY, give it to UID and GID (-1: to nobody), move init there,       \
     * and ENABLE controllers for it as CGROUP_MAKE does. */ \
    OP(CGROUP_DELEGATE, cgroup_delegate, NUM(hierarchy) STR(name) NUM(uid) NUM(gid) STR(enable))                             \
    /* Let systemd (USER: the caller's own) start scope NAME with PROPERTIES, "Name=value" as GVariant text. It makes      \
     * the container's cgroups; until SCOPE_RELEASE a process of ours keeps it alive. */ \
    OP(SCOPE_START, scope_start, STR(name) LIST(properties) NUM(user))                                                       \
    /* Change PROPERTIES of scope NAME. */                                                                                   \
    OP(SCOPE_SET, scope_set, STR(name) LIST(properties) NUM(user))                                                           \
    /* Let systemd move init into the cgroup PATH below scope NAME. */                                                       \
    OP(SCOPE_ATTACH, scope_attach, STR(name) STR(path) NUM(user))                                                            \
    /* The process of ours leaves the scope. */                                                                              \
    OP(SCOPE_RELEASE, scope_release, )                                                                                       \
    /* The container's cgroup of HIERARCHY must be there: exec enters it, and does not make it. FLAGS:             \
     * CGROUP_MAKE_OPTIONAL. */         \
    OP(CGROUP_FIND, cgroup_find, NUM(hierarchy) STR(mount) STR(path) NUM(flags))                                             \
    /* Pipes with the process that REFORK makes: for init the written end of REPORT, the read one of GO, if any. */          \
    OP(PIPES, pipes, SLOT(report) SLOT(go))                                                                                  \
    /* The first process, PID, of the container that is entered, as a pidfd at SLOT (or its directory in /proc). */          \
    OP(TARGET, target, SLOT(slot) NUM(pid))                                                                                  \
    /* Make group PATH of resctrl with SCHEMATA (lines; none: as it comes), unless it is there and has them.            \
     * MUST_EXIST: it is never made. MONITOR: it is the monitoring group. */    \
    OP(RDT_MAKE, rdt_make, STR(path) STR(schemata) NUM(must_exist) NUM(monitor))                                             \
    /* Move init into group PATH of resctrl. */                                                                              \
    OP(RDT_JOIN, rdt_join, STR(path))                                                                                        \
    /* Move network device HOST_NAME into init's network namespace, as NAME, and bring it up. */                             \
    OP(NET_DEVICE, net_device, STR(host_name) STR(name))                                                                     \
    /* Open PATH for init, at SLOT; after the clone (SLOT_NONE) it is sent. \
     * TREE: 0 open(2) with FLAGS, 1 open_tree clone, 2 recursive (FLAGS: AT_*). \
     * UIDS, GIDS: maps of an id-mapped mount ("0 1000 1" lines); RECURSIVE: of the whole tree. \
     * PEER: mounts made in the tree appear on the host too (otherwise it is made a slave). */                                                \
    OP(OPEN, open, SLOT(slot) STR(path) NUM(flags) NUM(tree) STR(uids) STR(gids) STR(user) NUM(recursive) NUM(peer))         \
    /* Open PATH, a namespace of KIND (enum namespace_kind), for init at SLOT. WRITTEN: the field whose value is written \
     * into it, so that it must not be the runtime's own. */   \
    OP(NAMESPACE, namespace, SLOT(slot) STR(path) NUM(kind) STR(written))                                                    \
    /* Open file PATH (0: nobody reads it) for what init's hooks write, at SLOT. */                                          \
    OP(HOOK_OUTPUT, hook_output, SLOT(slot) STR(path))                                                                       \
    /* Make a file system out here, as a tree for init: at SLOT, or sent (SLOT_NONE) as OPEN does. */                        \
    OP(FILE_SYSTEM, file_system, SLOT(slot) STR(type) STR(source) LIST(options))                                             \
    /* The time namespace for children, taken before the clone and left after it: that at PATH, or (none) a new one with \
     * OFFSETS for /proc/self/timens_offsets. */   \
    OP(TIME, time, STR(path) STR(offsets))                                                                                   \
    /* Start crun-init with namespace FLAGS, inside the v2 cgroup of HIERARCHY or (-1) ours. */                              \
    OP(CLONE, clone, NUM(flags) NUM(hierarchy))                                                                              \
    /* Write id map FILE ("uid_map", "gid_map") of init, by HELPER (newuidmap) if any; HINT: said where it refuses. */       \
    OP(ID_MAP, id_map, STR(file) STR(text) STR(helper) STR(hint))                                                            \
    /* Id map FILE of init, which has joined a user namespace, must be TEXT. */                                              \
    OP(JOINED_MAP, joined_map, STR(file) STR(text))                                                                          \
    OP(SETGROUPS_DENY, setgroups_deny, )                                                                                     \
    OP(OOM_SCORE_ADJ, oom_score_adj, NUM(value) NUM(optional))                                                               \
    /* Raise the hard limit of RESOURCE of init to HARD if it is lower. */                                                   \
    OP(RLIMIT_RAISE, rlimit_raise, NUM(resource) NUM(hard))                                                                  \
    OP(PID_FILE, pid_file, STR(path))                                                                                        \
    OP(STATE_SAVE, state_save, )                                                                                             \
    /* What init has told since CHANGES is written down (struct launch: record) before it may keep its changes. */           \
    OP(RECORD, record, )                                                                                                     \
    /* Let CRIU go on restoring the processes until STAGE (enum criu_stage) is reached. */                                   \
    OP(CRIU, criu, NUM(stage))                                                                                               \
    /* Send a pidfd of the process to the unix socket PATH. */                                                               \
    OP(PIDFD_SEND, pidfd_send, STR(path))

/* Both sides. */
#define OP_CATALOGUE_BOTH(OP, STR, LIST, BYTES, NUM, SLOT)                                                                  \
    /* MODE, enum sync_mode: who waits for whom. STATE: the parent sends the state document for hooks with it. */           \
    OP(SYNC, sync, NUM(mode) NUM(state))                                                                                    \
    /* From here on the mounts of a running container change: init takes every change back if a later row fails, before \
     * it ends, also without the parent; the parent waits for that. */   \
    OP(CHANGES, changes, )                                                                                                  \
    /* Run one hook to its end: state on standard input, TIMEOUT seconds (0: none). OUTPUT, ERRORS: files for init's. */    \
    OP(HOOK, hook, NUM(kind) NUM(index) STR(path) LIST(args) LIST(env) NUM(timeout) SLOT(output) SLOT(errors))              \
    /* Go on in a sibling (CLONE_PARENT) born in new namespaces FLAGS, or in the pid namespace just joined. REPORT, GO:   \
     * it has nothing of ours but these ends of PIPES, and waits at GO for the parent's word. */ \
    OP(REFORK, refork, NUM(flags) SLOT(report) SLOT(go))                                                                    \
    /* Pipes and output files of the caller as standard streams become UID:GID: by init, or where they are strangers in \
     * its user namespace by the parent, with the ids of the host. */   \
    OP(STREAM_OWNER, stream_owner, NUM(uid) NUM(gid))

/* Init: namespaces, then mounts, root, identity, exec. */
#define OP_CATALOGUE_INIT(OP, STR, LIST, BYTES, NUM, SLOT)                                                                \
    /* FD is a namespace of TYPE; or, with PID, a pidfd of that process, and TYPE all that are entered with it. */        \
    OP(SETNS, setns, SLOT(fd) NUM(type) NUM(pid))                                                                         \
    OP(UNSHARE, unshare, NUM(flags))                                                                                      \
    /* A new time namespace for children, and OFFSETS in it (lines of time_namespaces(7)). */                             \
    OP(TIME_NEW, time_new, STR(offsets))                                                                                  \
    /* Become uid 0 and gid 0 of the user namespace, or UID and GID where these are not mapped. GROUPS: 1 clears the   \
     * supplementary groups; MAY_BE_DENIED: unless setgroups(2) is denied there. */  \
    OP(BECOME_ROOT, become_root, NUM(groups) NUM(may_be_denied) NUM(uid) NUM(gid))                                        \
    /* A session of its own. TERMINAL: standard input becomes its controlling terminal. */                                \
    OP(SESSION, session, NUM(terminal))                                                                                   \
    OP(KEYRING, keyring, STR(name))                                                                                       \
    /* mount(2) propagation FLAGS on "/" before the root is prepared. */                                                  \
    OP(PROPAGATION, propagation, NUM(flags))                                                                              \
    /* Bind the root file system PATH (or the tree at SLOT) on itself; its descriptor is the root from here on. */        \
    OP(ROOT, root, STR(path) SLOT(tree) NUM(flags))                                                                       \
    /* A new file system: OPTIONS are "key" or "key=value" for fsconfig; ATTR: MOUNT_ATTR_*. */                           \
    OP(MOUNT, mount, STR(type) STR(source) LIST(options) NUM(attr) STR(target) NUM(flags))                                \
    /* A bind mount of SOURCE (or the tree at SLOT). SET/CLEAR: MOUNT_ATTR_* of the top mount (RESET: cleared   \
     * too, unless they are locked), RSET/RCLEAR of the  \
     * whole tree. FLAGS: enum bind_flags. */         \
    OP(BIND, bind, STR(source) SLOT(tree) STR(target) NUM(set) NUM(clear) NUM(reset) NUM(rset) NUM(rclear) NUM(flags))    \
    /* Take off what is mounted at TARGET if the kernel's number of it is ID (0: unknown). */                             \
    OP(UNMOUNT, unmount, STR(target) NUM(id))                                                                             \
    /* Change attributes of what is mounted at TARGET, and by OPTIONS its file system. */                                 \
    OP(REMOUNT, remount, STR(target) LIST(options) NUM(set) NUM(clear) NUM(recursive))                                    \
    /* mount(2) propagation FLAGS on TARGET. */                                                                           \
    OP(PROPAGATE, propagate, STR(target) NUM(flags))                                                                      \
    OP(DEVICE, device, STR(path) NUM(mode) NUM(major) NUM(minor) NUM(uid) NUM(gid) NUM(optional))                         \
    /* Bind the host's device node where mknod is not allowed. */                                                         \
    OP(DEVICE_BIND, device_bind, STR(path) NUM(mode) NUM(major) NUM(minor) NUM(optional))                                 \
    OP(SYMLINK, symlink, STR(target) STR(path))                                                                           \
    /* Open a pseudo-terminal of the container's devpts, send its master to the parent, make it the standard       \
     * streams; unless BARE the controlling terminal and /dev/console too. */      \
    OP(TERMINAL, terminal, NUM(width) NUM(height) NUM(uid) NUM(bare))                                                     \
    OP(PIVOT, pivot, NUM(mode))                                                                                           \
    OP(ROOT_PROPAGATION, root_propagation, NUM(flags))                                                                    \
    OP(ROOT_READONLY, root_readonly, )                                                                                    \
    OP(READONLY_PATH, readonly_path, STR(path))                                                                           \
    OP(MASK_PATH, mask_path, STR(path))                                                                                   \
    /* Write VALUE to FILE below /proc/sys of a private procfs. */                                                        \
    OP(SYSCTL, sysctl, STR(file) STR(value))                                                                              \
    OP(HOSTNAME, hostname, STR(name))                                                                                     \
    OP(DOMAINNAME, domainname, STR(name))                                                                                 \
    OP(PERSONALITY, personality, NUM(value))                                                                              \
    OP(SCHEDULER, scheduler, NUM(policy) NUM(nice) NUM(priority) NUM(flags) NUM(runtime) NUM(deadline) NUM(period))       \
    OP(IO_PRIORITY, io_priority, NUM(value))                                                                              \
    /* The CPUs of MASK; none: all that the cpuset has, whatever the caller was bound to. */                              \
    OP(AFFINITY, affinity, BYTES(mask))                                                                                   \
    OP(MEMORY_POLICY, memory_policy, NUM(mode) BYTES(nodes))                                                              \
    /* Write LABEL to the exec attribute of an LSM: "apparmor" or "selinux". */                                           \
    OP(LSM_LABEL, lsm_label, STR(lsm) STR(label))                                                                         \
    /* MAY_BE_DENIED: with no GIDS it is no failure that setgroups(2) is denied in the user namespace. */                 \
    OP(GROUPS, groups, BYTES(gids) NUM(may_be_denied))                                                                    \
    OP(UMASK, umask, NUM(mask))                                                                                           \
    /* Drop from the bounding set what is not in KEEP, while still privileged. */                                         \
    OP(BOUNDING, bounding, NUM(keep) NUM(last))                                                                           \
    OP(IDENTITY, identity, NUM(uid) NUM(gid))                                                                             \
    OP(CAPABILITIES, capabilities, NUM(effective) NUM(permitted) NUM(inheritable) NUM(ambient) NUM(last))                 \
    OP(NO_NEW_PRIVS, no_new_privs, )                                                                                      \
    OP(CWD, cwd, STR(path) NUM(create))                                                                                   \
    /* Set HOME of the environment from /etc/passwd by UID. */                                                            \
    OP(HOME, home, NUM(uid))                                                                                              \
    /* LISTEN_PID of the environment becomes our own number, as sd_listen_fds(3) wants it. */                             \
    OP(LISTEN_PID, listen_pid, )                                                                                          \
    /* Look the command up as EXEC will, so that a missing one is found while creating. PATH: that of the environment. */ \
    OP(FIND, find, STR(name) STR(path))                                                                                   \
    /* Ready, but for the start: accept on the start socket until somebody says go. */                                    \
    OP(WAIT_START, wait_start, )                                                                                          \
    OP(RLIMIT, rlimit, NUM(resource) NUM(soft) NUM(hard))                                                                 \
    OP(SECCOMP, seccomp, BYTES(program) NUM(flags))                                                                       \
    OP(EXEC, exec, LIST(args) LIST(env))                                                                                  \
    /* Tell the parent what was mounted since CHANGES. */                                                                 \
    OP(TELL, tell, )                                                                                                      \
    /* Nothing is to be executed: the work is done. */                                                                    \
    OP(END, end, )

#define OP_CATALOGUE(OP, STR, LIST, BYTES, NUM, SLOT)                                                                  \
    OP_CATALOGUE_PARENT(OP, STR, LIST, BYTES, NUM, SLOT)                                                               \
    OP_CATALOGUE_BOTH(OP, STR, LIST, BYTES, NUM, SLOT)                                                                 \
    OP_CATALOGUE_INIT(OP, STR, LIST, BYTES, NUM, SLOT)

#define OP_NOTHING(f)
#define OP_FIELD_STR(f)   op_str f;
#define OP_FIELD_LIST(f)  struct op_list f;
#define OP_FIELD_BYTES(f) struct op_bytes f;
#define OP_FIELD_NUM(f)   int64_t f;
#define OP_FIELD_SLOT(f)  op_slot f;

#define OP_ENUM(NAME, name, fields) OP_##NAME,
enum op_kind { OP_CATALOGUE(OP_ENUM, OP_NOTHING, OP_NOTHING, OP_NOTHING, OP_NOTHING, OP_NOTHING) N_OP_KINDS };

#define OP_STRUCT(NAME, name, fields)                                                                                  \
    struct op_##name {                                                                                                 \
        fields                                                                                                         \
    };
OP_CATALOGUE(OP_STRUCT, OP_FIELD_STR, OP_FIELD_LIST, OP_FIELD_BYTES, OP_FIELD_NUM, OP_FIELD_SLOT)

enum op_side { SIDE_PARENT = 1, SIDE_INIT = 2, SIDE_BOTH = 3 };

struct op {
    uint16_t kind;
    uint8_t side;
    uint8_t reserved;
    op_str what;
#define OP_MEMBER(NAME, name, fields) struct op_##name name;
    union {
        OP_CATALOGUE(OP_MEMBER, OP_NOTHING, OP_NOTHING, OP_NOTHING, OP_NOTHING, OP_NOTHING)
    };
};

enum sync_mode {
    SYNC_INIT_WAITS,   /* init stops until the parent has come here */
    SYNC_PARENT_WAITS, /* the parent stops until init has come here; init goes on */
    SYNC_BOTH_WAIT,
};

/* A field that no cgroup file backs is an error unless the row is optional. */
enum cgroup_write_flags {
    CGROUP_WRITE_OPTIONAL = 1 << 0, /* a missing file, or one that says EOPNOTSUPP, is passed over */
    CGROUP_WRITE_OR_NEXT = 1 << 1,  /* a missing file: the next row does it instead; written: the next row is skipped */
};

enum cgroup_make_flags {
    CGROUP_MAKE_V2 = 1 << 0,
    CGROUP_MAKE_CPUSET = 1 << 1,   /* v1: fill empty cpuset.cpus and cpuset.mems from the parent, down the path */
    CGROUP_MAKE_OPTIONAL = 1 << 2, /* nothing was asked of it: no permission is not an error */
    CGROUP_MAKE_SCOPE = 1 << 3,    /* systemd makes it where it can, and there may be a process of ours */
};

enum mount_flags {
    MOUNT_NO_FOLLOW = 1 << 0,       /* dest-nofollow */
    MOUNT_COPY_UP = 1 << 1,         /* tmpcopyup */
    MOUNT_PLAIN_DIR = 1 << 2,       /* proc, sysfs: a symlink as target is refused */
    MOUNT_KEEP_MODE = 1 << 3,       /* tmpfs without mode=: that of the mount point */
    MOUNT_FALLBACK_BIND = 1 << 4,   /* when the new one is refused, bind SOURCE of the host (sysfs, cgroup, mqueue) */
    MOUNT_CGROUP = 1 << 5,          /* errors speak of cgroups */
    MOUNT_OWNER_IF_MAPPED = 1 << 6, /* uid= and gid= are left out when the kernel refuses them */
};

enum bind_flags {
    BIND_RECURSIVE = 1 << 0,
    BIND_NO_FOLLOW = 1 << 1,        /* dest-nofollow */
    BIND_SOURCE_NO_FOLLOW = 1 << 2, /* src-nofollow */
    BIND_COPY_SYMLINK = 1 << 3,
    BIND_PLAIN_DIR = 1 << 4,
    BIND_TREE_SENT = 1 << 5, /* the parent sends the tree, by the OPEN row just before */
    BIND_OVER_PROC = 1 << 6, /* the target is /proc: SOURCE must be a procfs */
    BIND_PROC_FILE = 1 << 7, /* the target may lie inside a procfs */
};

enum root_flags {
    ROOT_AS_IT_IS = 1 << 0, /* no mount of it: the namespace is not the container's */
};

enum criu_stage {
    CRIU_STAGE_STARTED, /* it waits for its request: the process of the launch is CRIU's */
    CRIU_STAGE_NAMESPACES, /* the first process is there, in its namespaces, and nobody else: it is the launch's from now on */
    CRIU_STAGE_RESTORED, /* everything is there, and stands still */
    CRIU_STAGE_RUNNING,
};

enum pivot_mode { PIVOT_ROOT, PIVOT_MOVE, PIVOT_CHROOT };
enum device_optional { DEVICE_REQUIRED, DEVICE_OPTIONAL };
