// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The mechanism of cgroup file systems (v1 and v2): make, write, join, kill, list, remove. No policy: which cgroups,
 * which files and values is the planner's decision (plan/cgroup.c), and it comes here as rows.
 * A container has one `struct cgroup_dir` in each hierarchy that it uses.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "host/cgroup_dir.h"

/* Make the directory and its parents; FLAGS: enum cgroup_make_flags. v2: enable ENABLE ("memory pids ?io", may be NULL; one with ? only if that is
 * possible) in cgroup.subtree_control of every parent down the path; a controller that is not available is named in the
 * error. v1 with CGROUP_MAKE_CPUSET: empty cpuset.cpus and cpuset.mems are filled from the parent. A last component that exists must
 * be empty of processes and thawed: "container's cgroup is not empty", "container's cgroup unexpectedly frozen"; not with
 * CGROUP_MAKE_SCOPE, then systemd has looked.
 * *RET_MADE: whether the last component was made by this call. A failure takes back what it had made. */
int cgroup_make(const struct cgroup_dir *dir, const char *enable, unsigned flags, bool *ret_made, struct error *err);

/* One write of VALUE to FILE. The error names file and value; -ENOENT forwards for the caller to judge. */
int cgroup_write(const struct cgroup_dir *dir, const char *file, const char *value, struct error *err);

/* Attach the device program (SIZE bytes of struct bpf_insn) with BPF_F_ALLOW_MULTI. */
int cgroup_attach_devices(const struct cgroup_dir *dir, const void *program, size_t size, struct error *err);

/* Put PROGRAM in the place of the one that cgroup_attach_devices attached, without a moment in which neither is in
 * force. NULL: no program any more. *RET_BEFORE_FD: the one that it was, or -1. */
int cgroup_replace_devices(const struct cgroup_dir *dir, const void *program, size_t size, int *ret_before_fd,
                           struct error *err);

/* Put back what cgroup_replace_devices has replaced, BEFORE_FD. */
int cgroup_restore_devices(const struct cgroup_dir *dir, int before_fd, struct error *err);

/* v2: see that DIR, which exists, has the controllers of ENABLE ("memory pids ?io"; one with ? only if possible), by
 * enabling them in every cgroup above it where they are missing. */
int cgroup_enable(const struct cgroup_dir *dir, const char *enable, struct error *err);

/* Whole FILE as malloc'd text; the plain -errno, without a message. */
int cgroup_read(const struct cgroup_dir *dir, const char *file, char **ret_text);

/* The same for a file that is one record (file_read_record): cgroup.freeze, not cgroup.procs. */
int cgroup_read_record(const struct cgroup_dir *dir, const char *file, char **ret_text);

/* Whether NAME is one of the words of LIST (blanks, commas or line feeds between them). */
bool cgroup_list_names(const char *list, const char *name);

/* Make the directory and hand it to UID and GID, with the files that a delegated cgroup's owner writes to. */
int cgroup_delegate(const struct cgroup_dir *dir, uid_t uid, gid_t gid, struct error *err);

/* Move process PID (all its threads) in. */
int cgroup_join(const struct cgroup_dir *dir, pid_t pid, struct error *err);

/* A directory descriptor for clone3's CLONE_INTO_CGROUP; close-on-exec. */
int cgroup_open(const struct cgroup_dir *dir, struct error *err);

/* All pids in it and below; malloc'd. A cgroup that is gone has none. Threaded children are read by cgroup.threads'
 * processes. */
int cgroup_pids(const struct cgroup_dir *dir, pid_t **ret_pids, size_t *ret_n, struct error *err);

/* -EDEADLK if we are in it or below: what kills or freezes all of it would hit us before it is done. */
int cgroup_check_outside(const struct cgroup_dir *dir, struct error *err);

/* Send SIGNAL to every process in it and below, until no new ones appear; KILL uses cgroup.kill where there is one.
 * Frozen ones are thawed for KILL. */
int cgroup_signal(const struct cgroup_dir *dir, int signal, struct error *err);

int cgroup_freeze(const struct cgroup_dir *dir, bool frozen, struct error *err);
bool cgroup_frozen(const struct cgroup_dir *dir);

/* How many processes the out-of-memory killer has ended in this memory cgroup and below; the plain -errno. */
int cgroup_oom_kills(const struct cgroup_dir *dir, uint64_t *ret);

/* Whether the out-of-memory killer was at work in the memory cgroup among DIRS; ERR then says that the container's init was
 * killed by its memory limit, how large that is and what was used, or that it was somebody else's want of memory. For an
 * init that SIGKILL is known to have ended. ASKED is the limit as it was asked for, which the kernel has rounded to pages, or
 * an update has changed; 0 or INT64_MAX: that is not known. */
bool cgroup_oom_explain(const struct cgroup_dir *dirs, size_t n, int64_t asked, struct error *err);

/* systemd removes the cgroup of a scope as soon as the last process has ended, and what it has counted is gone. A trace of it,
 * begun before: that its counters have changed (inotify), and how many were killed in the cgroup above, which counts for its
 * children too. The fd is -1 if nothing can be traced. */
struct oom_trace {
    int fd;
    uint64_t above;
};
void cgroup_oom_trace(const struct cgroup_dir *dirs, size_t n, struct oom_trace *ret);
void oom_trace_done(struct oom_trace *trace);
/* cgroup_oom_explain, by the trace if the cgroup is gone; what was used is not known then. */
bool cgroup_oom_explain_traced(const struct cgroup_dir *dirs, size_t n, struct oom_trace *trace, int64_t asked,
                               struct error *err);

/* After EAGAIN of clone(2): append to ERR which limit of processes is reached, of the container's cgroups DIRS or of the
 * caller's own, or of a cgroup above. False if none is. */
enum pids_whose { PIDS_OF_CALLER, PIDS_OF_CONTAINER };
bool cgroup_pids_explain(const struct cgroup_dir *dirs, size_t n, enum pids_whose whose, struct error *err);

/* A descriptor, nonblocking, that becomes readable when that number has grown, on v1 when it will grow, or when the
 * cgroup is gone; read it empty. */
int cgroup_oom_watch(const struct cgroup_dir *dir, struct error *err);

/* See how much of the path is there before anything is made: DIR's `above`, string in ARENA. */
int cgroup_look_above(struct cgroup_dir *dir, struct arena *arena, struct error *err);

/* Remove it and every cgroup below, waiting (by event: cgroup.events, pidfds) up to TIMEOUT_MS for the last processes to
 * leave, and then what lies above it, if we made that and nobody uses it. Gone already is success. */
int cgroup_remove(const struct cgroup_dir *dir, int timeout_ms, struct error *err);
