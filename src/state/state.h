// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the runtime remembers of a container: ROOT/ID/ with
 *     state.json    struct state, replaced atomically
 *     config.json   the configuration as it was when the container was made
 *     mounts        the mounts that were added while it ran, if there are any
 *     start.sock    while created: the socket on which crun-init waits for `start`
 *     hook          while one runs: its process (state/hook.h)
 *     doomed        a `delete --force` waits for the command that has the lock, which is to give up
 * The directory is made, and state.json with status "creating" written, before anything that it describes exists;
 * so whatever moment the runtime is killed at, `delete --force` finds all there is to remove.
 * Verbs on one container exclude one another by flock(2) on its directory.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "host/cgroup_dir.h"
#include "plan/target.h"

#define STATE_FILE   "state.json"
#define STATE_CONFIG "config.json"
#define STATE_SOCKET "start.sock"
#define STATE_MOUNTS "mounts"
#define STATE_DOOMED "doomed"

struct state {
    const char *id;
    const char *oci_version;     /* of config.json */
    bool creating;               /* create has not come to its end (yet, or ever) */
    pid_t pid;                   /* 0 while there is none */
    uint64_t pid_start_time;     /* field 22 of /proc/PID/stat: tells a reused pid */
    uint64_t pidfd_inode;        /* likewise, where start times differ by the time namespace; or 0 */
    const char *bundle, *rootfs; /* absolute */
    const char *created;         /* RFC 3339 with nanoseconds, UTC */
    const char *owner;           /* user name of who made it, or the number */
    uint32_t owner_uid;
    const char *cgroup_manager; /* "cgroupfs", "systemd", "disabled" */
    struct cgroup_dir *cgroups;
    size_t n_cgroups;
    const char *scope; /* systemd scope, or NULL */
    const char **annotation_keys, **annotation_values;
    size_t n_annotations;
    bool own_pid_namespace; /* killing init kills all */
    bool detached;
    bool no_new_keyring;                 /* it has its maker's session keyring */
    const char *pid_file;                /* absolute, removed by delete; or NULL */
    const char *rdt_class, *rdt_monitor; /* groups of resctrl, removed by delete; or NULL */
    uint64_t idle_weight;                /* cpu.shares or cpu.weight for the end of idleness (plan/idle.h); 0: none */
    const char *seccomp_agent;           /* socket that gets the filter's listener, when the process starts; or NULL */
};

enum state_status { STATE_CREATING, STATE_CREATED, STATE_RUNNING, STATE_PAUSED, STATE_STOPPED };
const char *state_status_name(enum state_status status);

/* 0, or an error that says what an id may be ([a-zA-Z0-9_+-][a-zA-Z0-9_+.-]*, at most 1024 characters). Pure. */
int state_check_id(const char *id, struct error *err);

/* Where state_root_open would open the state root, malloc'd; nothing is made or looked at. */
int state_root_path(const char *root, const char *name, bool rootless, char **ret_path, struct error *err);

/* The state root: ROOT if not NULL; or /run/NAME for root and $XDG_RUNTIME_DIR/NAME for others (verified private
 * directory below /run/user/UID or /tmp when that is unset). Opened (never followed through a symlink in its last
 * component). If it is missing, MAKE makes it with 0700; otherwise that is -ENOENT, without a text. *RET_PATH, malloc'd
 * absolute path. */
int state_root_open(const char *root, const char *name, bool rootless, bool make, int *ret_fd, char **ret_path,
                    struct error *err);

/* Make ROOT_FD/ID, lock it and return its descriptor. -EEXIST: `container with id "ID" already exists`. */
int state_dir_make(int root_fd, const char *id, int *ret_dir_fd, struct error *err);

/* Open and lock ROOT_FD/ID, waiting for whoever holds it. -ENOENT: `container "ID" does not exist`, as without a root (-1). Safe against a
 * removal in between: the directory that comes back is still the one named ID. LOCK: LOCK_EX, LOCK_SH or 0 (none); with LOCK_NB
 * -EWOULDBLOCK, without a text, when somebody else has it. */
int state_dir_open(int root_fd, const char *id, int lock, int *ret_dir_fd, struct error *err);

/* Remove the directory and what we keep in it (start.sock, config.json, state.json last, temporaries). */
int state_dir_remove(int root_fd, const char *id, int dir_fd, struct error *err);

/* Whether a directory without a state.json that can be read is what a killed launch, or damage, has left: empty, or with
 * nothing but our names. If not, -ENOTEMPTY: "PATH is not a container's state". */
int state_dir_check_ours(int dir_fd, const char *path, struct error *err);

/* Whether a config.json with something in it is kept there. */
bool state_dir_has_config(int dir_fd);

/* Say without the lock that the container is going to be deleted, whatever is done with it now. */
void state_dir_doom(int dir_fd);
bool state_dir_is_doomed(int dir_fd);
/* That this is why something has failed, if it is; returns err->code. DIR_FD may be -1. */
int state_dir_explain(int dir_fd, const char *id, struct error *err);

/* Write state.json atomically. */
int state_write(int dir_fd, const struct state *state, struct error *err);

/* Read it; strings in ARENA. -ENOENT (a half-made container): state is zeroed, err is not set. A damaged
 * file is -EINVAL with file, line, column, and so is what is no file. */
int state_read(int dir_fd, const char *id, struct state *ret_state, struct arena *arena, struct error *err);

/* Whether nobody else can write to the root, which was opened and so is ours: what is below it can be named then. */
bool state_root_is_private(int root_fd);

/* state_read of container ID below such a root, without its directory: for who looks at many. -ENOENT: it is half-made, or
 * not there. */
int state_look(int root_fd, const char *id, struct state *ret_state, struct arena *arena, struct error *err);

/* The same for SIZE bytes of TEXT (NUL-terminated), whatever they are: what the fuzz target calls. ID may be NULL: any. */
int state_parse(const char *text, size_t size, const char *id, struct state *ret_state, struct arena *arena,
                struct error *err);

/* The mounts that were added to the container, the oldest first; none when there is no file. Strings in ARENA. */
int state_mounts_read(int dir_fd, struct arena *arena, struct plan_added_mount **ret_mounts, size_t *ret_n,
                      struct error *err);
int state_mounts_write(int dir_fd, const struct plan_added_mount *mounts, size_t n, struct error *err);

/* The ids below the root, sorted; malloc'd array of malloc'd strings. Names that are no ids are passed over. ROOT_FD -1: no root,
 * and no ids. */
int state_ids(int root_fd, char ***ret_ids, size_t *ret_n, struct error *err);

/* A pidfd of the container's first process, or -ESRCH when it is gone (checked by pid_start_time; a zombie is gone). */
int state_pidfd(const struct state *state);

/* Its directory in /proc, which nobody blocks; the same errors. */
int state_proc_directory(const struct state *state);

/* Signal it: by pidfd, or where a sandbox blocks that by its pid, just after it was seen to be the right one. */
int state_signal(const struct state *state, int signal);

/* Wait until it is gone, or -ETIMEDOUT. PIDFD as state_pidfd gave it, an error too. */
int state_wait_gone(const struct state *state, int pidfd, int timeout_ms);

/* Write down what tells the process state->pid (PIDFD, or -1) from later ones; a start time of 0 when that cannot be read. */
void process_note(struct state *state, int pidfd);

/* Field 22 of /proc/PID/stat, 0 when there is none or it cannot be read. */
uint64_t process_start_time(pid_t pid);

/* The signals that process PID ignores, bit 0 for number 1; ALL_SIGNALS where that cannot be told. */
#define ALL_SIGNALS (~(uint64_t) 0)
uint64_t process_ignored(pid_t pid);

/* Status as of now: process gone: stopped; start.sock there and somebody listening: created; otherwise running (whether
 * it is paused its cgroup knows: container_status). */
enum state_status state_status(int dir_fd, const struct state *state);
/* The same after state_look. */
enum state_status state_look_status(int root_fd, const struct state *state);

/* Bind ROOT/ID/start.sock and listen (close-on-exec); works for paths longer than sun_path. */
int state_listen(int dir_fd, int *ret_fd, struct error *err);
/* Connect to it. -ECONNREFUSED: nobody waits (any more). */
int state_connect(int dir_fd, int *ret_fd);

/* The OCI state document (also what hooks get): {"ociVersion","id","status","pid"?,"bundle","annotations"}; FULL adds
 * what `state` and `list` print beside it (rootfs, created, owner; pid 0 when stopped). malloc'd, INDENT for pretty. */
int state_document(const struct state *state, enum state_status status, bool full, bool indent, char **ret_json,
                   struct error *err);
