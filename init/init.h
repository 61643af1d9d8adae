// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crun-init: the program that enters the container, walks the rows of the plan that are init's, and becomes the
 * container's process. It runs between the host and hostile ground, so it is small: no allocation, no parsing, no
 * locks, no stdio, no libc. This header holds what its files share: the state of the walk, one function for every
 * operation of the catalogue, and the helpers that belong to no single operation.
 *
 * A function that can fail returns 0 or more, or -errno after it has noted the failure with init_fail(): what was
 * called, and on what. The walk stops at the first failure and sends that note.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "init/string.h"
#include "plan/blob.h"
#include "plan/ops.h"
#include "sys/compat.h"
#include "sys/files.h"
#include "sys/process.h"
#include "sys/raw.h"
#include "sys/sockets.h"

#pragma GCC poison malloc calloc realloc reallocarray strdup asprintf printf fprintf snprintf sprintf

enum { INIT_PATH_SIZE = 4096 };

/* A mount that is kept to be shown at many places: detached at first, attached at the first of them. */
struct cover {
    int fd; /* -1: not there */
    bool attached;
};

/* Descriptors FIRST to LAST that are to be closed. */
struct scratch {
    int first, last;
    unsigned n;
};

enum { ENVIRONMENT_ROOM = 64 }; /* pointers; a larger one gets memory */

/* A directory that is kept open from one row to the next. */
struct parent {
    int fd; /* -1: none */
    uint32_t row;
    const char *path; /* its first LENGTH bytes */
    size_t length;
    bool owner_known; /* of what is made there: by us, or by the directory's set-group-id bit */
    uint32_t uid, gid;
};

/* A mount that was made (its descriptor), or a clone of one that was taken off. */
struct change {
    int fd;
    uint32_t row;
    const char *removed_from;
};

enum { CHANGES_MAX = 320 }; /* the planner's limit, and the several mounts that one of type cgroup makes */

struct changes {
    bool kept; /* since row CHANGES */
    unsigned n;
    struct change list[CHANGES_MAX];
};

struct init {
    struct blob *blob;
    const struct op *ops;
    uint32_t n_ops, row;
    int report_fd; /* where messages go: the parent, after WAIT_START the `start` that came; -1 in between */
    int listen_fd;
    int state_fd;                      /* the state document for hooks */
    int proc_fd;                       /* the procfs we were started with, verified; -1 if there was none */
    int root_fd;                       /* the container's root */
    const char *root_path;             /* where the host has it */
    struct cover null_file, empty_dir; /* what masked files and directories show */
    struct parent device_dir;          /* of the device or link that the row before made */
    struct scratch scratch;
    bool no_mount_api, no_openat2;
    bool among_others;   /* the pid namespace that the next process is born in is joined, and so are the mounts */
    bool pivoted;        /* "/" is the container's root */
    bool dumpable_later; /* see process_guard */
    bool filtered;       /* the seccomp filter is in force */
    bool released;       /* from the last sync row on: the parent may go */
    uint64_t ignored;    /* signals that may be ignored, as far as the parent has told: bit 0 is number 1 */
    struct changes changes;
    unsigned umask;          /* the caller's, for hooks and for a plan that sets none */
    struct row_times *times; /* NULL: nobody asked */
    struct message failure;
    char **environment; /* of EXEC, see exec_prepare; NULL: not ready yet */
    char *environment_room[ENVIRONMENT_ROOM];
    char program[INIT_PATH_SIZE]; /* what EXEC executes, "" until it has been looked up */
    char home[INIT_PATH_SIZE];    /* "HOME=...", "" when the environment's own is right */
    char listen_pid[24];          /* "LISTEN_PID=...", "" when nobody asked */
};

/* ---- one function for every operation: 0, or a negative errno with init->failure filled ---- */

#define INIT_PROTOTYPE(NAME, name, fields) int init_##name(struct init *init, const struct op_##name *op);
OP_CATALOGUE_BOTH(INIT_PROTOTYPE, OP_NOTHING, OP_NOTHING, OP_NOTHING, OP_NOTHING, OP_NOTHING)
OP_CATALOGUE_INIT(INIT_PROTOTYPE, OP_NOTHING, OP_NOTHING, OP_NOTHING, OP_NOTHING, OP_NOTHING)

/* ---- failure.c ---- */

/* Note that CALL failed with CODE on DETAIL (a path or a name, NULL: nothing in particular). Returns CODE. */
int init_fail(struct init *init, int code, const char *call, const char *detail);

/* The same of CALL on PATH, of the host, and of opening or making PATH beneath the container's root: with the directory that is
 * closed to us, if that was it. (closed.c) */
int init_fail_outside(struct init *init, int code, const char *call, const char *path);
int init_fail_inside(struct init *init, int code, const char *path);

/* Note a failure that is no system call's, in words. Returns CODE. */
int init_explain(struct init *init, int code, const char *words);

/* Note that PATH, the row's WHAT ("source "), is not there, without the text by which engines know a missing command. */
int init_missing(struct init *init, const char *what, const char *path);

/* Put WORDS behind what a failed call was done to, or behind the call alone. */
void init_hint(struct init *init, const char *words);

/* Tell the parent that the row goes on without what it was asked. */
void init_warn(struct init *init, int code, const char *call, const char *detail);

/* ---- sync.c ---- */

/* Send MESSAGE with descriptor FD (-1: none) to whoever listens. A peer that is gone is an error to nobody. */
int message_send(struct init *init, const struct message *message, int fd);

/* Wait on FD for the word to go on from ROW; a state descriptor that comes with it is kept. MESSAGE_ANY_ROW is for
 * `start`, which knows no rows: a single byte will do. -EPIPE when the peer is gone. */
#define MESSAGE_ANY_ROW UINT32_MAX
int message_wait_go(struct init *init, int fd, uint32_t row);

/* Wait for the tree that the parent sends for this row; its descriptor. */
int message_wait_tree(struct init *init);

/* ---- path.c: look-ups beneath the root; what is returned is an O_PATH descriptor that lies inside it ---- */

enum { PATH_NAME_SIZE = 256 };

enum path_how {
    PATH_NO_FOLLOW = 1 << 0, /* a symbolic link as last component is the result */
    PATH_PLAIN = 1 << 1,     /* any symbolic link is an error: -ELOOP */
    PATH_DIRECTORY = 1 << 2, /* anything but a directory is an error: -ENOTDIR */
};

int path_open(const struct init *init, const char *path, unsigned how);

/* The same, and what is missing is made: directories of mode 0755, and MODE (type and permissions) at the end. */
int path_make(const struct init *init, const char *path, unsigned mode, unsigned how, bool *ret_made);

/* Where the last component of PATH begins, which is put into NAME; -ENAMETOOLONG, or -EINVAL where there is none. */
int path_split(const char *path, char name[PATH_NAME_SIZE]);

/* The directory that holds PATH, made if missing, and the last component in NAME. */
int path_make_parent(const struct init *init, const char *path, char name[PATH_NAME_SIZE]);

/* Open for I/O what the O_PATH descriptor FD stands for. */
int path_reopen(const struct init *init, int fd, int flags);

/* True if PATH is the root itself by its spelling. */
bool path_is_root(const char *path);

/* ---- tree.c: mounts as descriptors, and mount(2) where the kernel or a sandbox refuses them ---- */

/* True when CODE means that the descriptor based calls cannot be used here; remembers it. */
bool tree_api_missing(struct init *init, int code);

/* After a row that has shown nothing yet failed with CODE: true once, when it is to be done anew by mount(2). Never while
 * the mounts of a running container change. */
bool tree_try_older(struct init *init, int code);

/* Show what is mounted in TREE_FD at TARGET_FD. */
int tree_attach(int tree_fd, int target_fd);

/* Show COVER at TARGET_FD: the mount itself the first time, a clone afterwards. */
int tree_cover(struct init *init, struct cover *cover, int target_fd);

/* Change the attributes of the mount whose root FD is; falls back to mount(2) unless RECURSIVE. */
int tree_change(struct init *init, int fd, uint64_t set, uint64_t clear, bool recursive);
/* The same by mount(2): HOW is MS_REMOUNT, which changes the file system by DATA too, or with MS_BIND the mount alone. */
int tree_remount_old(struct init *init, int fd, unsigned long how, uint64_t set, uint64_t clear, const char *data);

/* mounts.c: OPTIONS for the file system that is mounted at TARGET; FS_FD is of fspick(2), FD the mount's root. */
int mount_reconfigure(struct init *init, int fs_fd, char **options, const char *target);
int mount_reconfigure_old(struct init *init, int fd, char **options, const char *target);

/* MOUNT_ATTR_* of the mount that FD is in, but for the times; and their names, each behind a space. */
uint64_t tree_attributes(int fd);
void tree_put_attributes(struct text *text, uint64_t attributes);

/* The same for the mount at TARGET, FD, and each one below it, one by one; HOW as in path_open. */
int tree_change_each(struct init *init, int fd, const char *target, unsigned how, uint64_t set, uint64_t clear);

/* mount_setattr alone, for trees that are not attached yet. */
int tree_set_attributes(int fd, uint64_t set, uint64_t clear, bool recursive);

/* mount(2) with both ends given by descriptors through the verified procfs. SOURCE_FD -1: NAME is the source. */
int tree_mount_old(struct init *init, int source_fd, const char *name, int target_fd, const char *type,
                   unsigned long flags, const char *data);

/* MOUNT_ATTR_* as MS_*. */
unsigned long tree_attr_to_flags(uint64_t attr);

/* ---- changes.c ---- */

/* FD is a mount that was made just now, at PATH: root_mounted, and after a row CHANGES it is remembered. 0, or -errno
 * noted. */
int changes_mounted(struct init *init, const char *path, int fd);

/* Take back what was remembered. */
void changes_undo(struct init *init);

/* ---- proc.c ---- */

/* The procfs at /proc as an O_PATH descriptor; an error if it is something else. */
int proc_open(void);

/* True when CODE, of proc_open, says that there is none; other errors say nothing about it. */
bool proc_is_absent(int code);

/* 1 if FD lies on a procfs, 2 if it is the root of one; 0 if not. */
int proc_holds(int fd);

/* Open PATH below PROC_FD for writing; -EXDEV if that does not lie on a procfs. */
int proc_open_file(int proc_fd, const char *path);

/* A new procfs of our namespaces, attached nowhere. */
int proc_private(void);

/* Before we can be seen in the container's pid namespace: give the host's procfs up. And in it: have one of its own, or the
 * container's if that is a procfs. */
void proc_leave(struct init *init);
void proc_enter(struct init *init);

/* ---- others ---- */

/* start.c: close what rows look things up by, and the socket. */
void close_own(struct init *init);

/* bind.c: show the host's PATH (with its mounts) at TARGET, opened as TARGET_FD, with attributes SET on all of it. */
int bind_host(struct init *init, const char *path, const char *target, int target_fd, uint64_t set);

/* exec.c: what EXEC does before execve(2), earlier where a filter may forbid it then. */
int exec_prepare(struct init *init);

/* terminal.c: FD becomes the controlling terminal. 0, or -errno noted. */
int terminal_control(struct init *init, int fd);

/* copy_up.c: copy what is below FROM_FD into TO_FD. */
int copy_up(struct init *init, int from_fd, int to_fd);

/* masks.c: before the host is out of sight, take hold of its /dev/null. */
void masks_prepare(struct init *init);

/* scratch.c: rows of mounts leave FD to be closed before row OP, which may be a later one. */
void scratch_leave(struct init *init, int fd);
void scratch_close_before(struct init *init, const struct op *op);

/* What FD, opened in such a row or an error, is to be known by when it stays open: its number may be another one then. */
int scratch_keep(struct init *init, int fd);

/* root.c: FD was mounted at PATH. If that is "/", rows from here on are beneath it. */
void root_mounted(struct init *init, const char *path, int fd);

/* timeline.c: row ROW (n_ops: the start) begins and ends; nothing where nobody asked. */
int timeline_map(struct init *init);
void timeline_begin(struct init *init, uint32_t row);
void timeline_end(struct init *init, uint32_t row);

/* process.c: not dumpable, and dead with the parent; again after every change of ids. 0, or -errno noted. */
int process_guard(struct init *init);
int process_release(struct init *init); /* the parent may go now; 0, or -errno noted */
void process_reset_signals(const struct init *init);
void process_close_on_exec(int first, int end);

static inline const char *init_str(const struct init *init, op_str ref)
{
    return blob_str(init->blob, ref);
}

static inline int slot_fd(const struct init *init, op_slot slot)
{
    return slot < 0 ? -1 : init->blob->fd_base + BLOB_FD_SLOTS + slot;
}

static inline void close_fdp(const int *fd)
{
    if (*fd >= 0)
        sys_close(*fd);
}
#define _cleanup_close_ __attribute__((cleanup(close_fdp)))

static inline int take_fd(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}
