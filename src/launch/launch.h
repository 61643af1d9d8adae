// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The parent half of a launch: walks the rows of side PARENT, meets crun-init at the sync rows, and undoes what it has
 * done, in reverse, when either side fails.
 *
 *     crun                              crun-init
 *     STATE_CREATE, CGROUP_MAKE ...
 *     CLONE ──────────────────────────▶ starts
 *     CGROUP_JOIN, ID_MAP ...           ...
 *     SYNC ──── GO ───────────────────▶ SYNC          (rows in between run in parallel)
 *     SYNC ◀─── REACHED ─────────────── SYNC
 *     HOOK, STATE_SAVE ...
 *     SYNC ──── GO ───────────────────▶ SYNC
 *                                       EXEC: the socket closes, or FAILED comes back
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "cgroup/cgroup.h"
#include "cgroup/systemd.h"
#include "launch/cancel.h"
#include "launch/listener.h"
#include "launch/notify.h"
#include "launch/timeline.h"
#include "log/log.h"
#include "plan/plan.h"
#include "state/state.h"

enum launch_cgroup { LAUNCH_CGROUP_NONE, LAUNCH_CGROUP_FOUND, LAUNCH_CGROUP_MADE };

/* A mount in a container that runs: the row that made it, and the kernel's number of it. */
struct launch_mounted {
    uint32_t row;
    uint64_t id;
};

struct launch {
    /* given */
    const struct plan *plan;
    struct state *state;     /* identity, bundle, cgroups; pid and created are filled in here */
    int root_fd;             /* state root */
    const char *root_path;   /* for messages */
    const char *config_text; /* kept in the state directory */
    size_t config_size;
    bool wait_start;
    const char *hooks_stdout, *hooks_stderr; /* files that get what hooks say, or NULL */
    int target_fd;                           /* exec: the container's first process, borrowed; -1: none */
    const char *console_socket;              /* gets the terminal's master, or NULL */
    struct listener listener;                /* who gets the seccomp filter's listener */
    struct log *log;
    struct timeline *timeline;                               /* or NULL */
    int (*record)(struct launch *launch, struct error *err); /* row RECORD: what follows it cannot fail */
    void *record_data;
    void (*destroyed)(const struct launch *launch); /* in an undo, when only the state directory is left; or NULL */
    void *destroyed_data;
    int (*criu)(struct launch *launch, int stage, struct error *err); /* row CRIU: enum criu_stage */
    void (*criu_undo)(struct launch *launch);                         /* end what was started, and what it restored */
    void *criu_data;
    const struct cancel *cancel; /* signals that end the launch; NULL: they end us at once */
    /* in progress and results */
    int dir_fd; /* state directory, locked */
    int sync_fd, listen_fd, pidfd;
    int report_fd, go_fd,
        go_end_fd;        /* pipes of PIPES: read and write end, and the other's of GO for as long as we write */
    bool piped;           /* sync_fd is the pipe of a process that anybody in the container may trace */
    int terminal_fd;      /* master of the terminal when there is no console socket */
    struct notify notify; /* socket of the sd_notify(3) proxy */
    int time_back_fd;     /* our own time namespace for children, to return to after the clone */
    struct launch_mounted *mounted; /* what init has mounted since row CHANGES; malloc'd */
    size_t n_mounted;
    struct net_device_moved *net_devices;        /* by row; malloc'd */
    const struct op_net_device *last_net_device; /* that was moved: this one and the rows before it */
    int network_fd;                              /* the container's network namespace, once a device was moved there */
    uint64_t ignored;                            /* signals that init was born ignoring, which GO tells it */
    bool pid_file_written;
    unsigned rdt_made; /* which RDT_MAKE rows made their group: bit 0 the class, bit 1 the monitoring group */
    int *slots;
    unsigned n_slots;
    enum launch_cgroup *cgroups; /* by hierarchy: what became of the container's cgroup there */
    struct oom_trace oom_trace;  /* of a scope, whose cgroup may be gone when it is asked */
    struct systemd systemd;      /* the helper, from SCOPE_START to SCOPE_RELEASE */
    char *control_group;         /* of the scope, as systemd has told it */
    bool scope_started;
    bool skip_next;   /* the row before did what the next one would (CGROUP_WRITE_OR_NEXT) */
    bool exec_failed; /* the failure was that of EXEC: 126 or 127 */
    bool terminal_sent;
};

/* What launch_walk needs before anything else; all descriptors -1. */
void launch_init(struct launch *launch);
/* Close what is still open. The state directory's lock ends with it. */
void launch_done(struct launch *launch);

/* Walk the plan. On success the container's process is ready (wait_start) or executing. On failure everything that was
 * done is undone and ERR says which row failed. */
int launch_walk(struct launch *launch, struct error *err);

/* For an init that SIGKILL has ended: cgroup_oom_explain of its cgroups. */
bool launch_oom_explain(struct launch *launch, struct error *err);

/* The exit status of a launch that failed with CODE: 127 command not found, 126 not executable, else 1. */
int launch_failed_status(const struct launch *launch, int code);

/* Kill what the launch started and remove what it made: the reverse of launch_walk (a failing poststart hook). */
void launch_undo(struct launch *launch);

/* ---- the parts, one file each ---- */

/* clone.c: start crun-init. HIERARCHY of the v2 cgroup to be born in, or -1. *RET_IN_CGROUP tells whether it was. */
int launch_clone(struct launch *launch, unsigned long flags, int cgroup_fd, bool *ret_in_cgroup, struct error *err);

/* refused.c: which limit it was, where the kernel had no room for a namespace of FLAGS (ENOSPC). */
void launch_namespaces_explain(unsigned long flags, struct error *err);
/* The error of a clone with namespace FLAGS that failed with CODE; CODE. */
int launch_clone_refused(int code, unsigned long flags, struct error *err);

/* messages.c */
int launch_sync(struct launch *launch, uint32_t row, const struct op *op, struct error *err);
/* Send init the tree FD for the bind mount that it comes to next. If init has failed meanwhile: its error. */
int launch_send_tree(struct launch *launch, int fd, struct error *err);
/* After the last row: wait for the end of the socket, which is EXEC done or WAIT_START entered; or for a failure. */
int launch_wait_exec(struct launch *launch, struct error *err);
/* The sibling that init went on in is PID, and *PIDFD, which is taken; init itself is gone, or about to be. */
int launch_adopt(struct launch *launch, pid_t pid, int *pidfd, struct error *err);
/* Take what init says until the end of its socket. */
int launch_wait_end(struct launch *launch, struct error *err);
/* Why init, which ended before ROW, is gone without a word. */
int launch_ended_error(struct launch *launch, uint32_t row, struct error *err);

/* refork.c: PIPES, REFORK, and the word to go on. */
int launch_pipes(struct launch *launch, const struct op_pipes *row, struct error *err);
int launch_refork(struct launch *launch, struct error *err);
int launch_pipe_go(struct launch *launch, struct error *err);
/* executed.c: after the end of the socket of process PID (PIDFD, -1: unknown): -EPERM if a seccomp filter ended it before it
 * could execute its program; an error if it ended when it was to wait for the start. */
int launch_check_executed(pid_t pid, int pidfd, struct error *err);
int launch_check_waiting(pid_t pid, int pidfd, struct error *err);
/* The text of a FAILED message. */
int message_error(const struct message *message, struct error *err);
int message_receive(int fd, struct message *message, int *ret_fd);
int message_send(int fd, const struct message *message, int fd_to_send);

/* rows.c: one row of side PARENT, and its reverse. */
int launch_row(struct launch *launch, const struct op *op, struct error *err);
void launch_undo_row(struct launch *launch, const struct op *op);
/* The container's process is state->pid from now on. Where it has no cgroup by which somebody else could find and kill it,
 * that is written down at once. */
int launch_note_process(struct launch *launch, struct error *err);

/* hooks.c: run one hook to its end with DOCUMENT on standard input. */
struct hook_run {
    const char *path;
    char *const *args;
    char *const *env;
    long timeout; /* seconds, 0: none */
    const char *document;
    const char *stdout_path;     /* append its standard output there; NULL: /dev/null */
    const char *stderr_path;     /* append its standard error there; NULL: kept for the error message */
    const struct cancel *cancel; /* NULL: signals are held for the time of the hook */
    int dir_fd;                  /* the container's state directory, where it is noted (state/hook.h); -1: none */
    bool poststop;               /* not to be ended by who deletes the container */
};
int hook_run(const struct hook_run *run, struct error *err);
/* A file for what hooks write, at its end. */
int hook_output_open(const char *path, struct error *err);
/* Where what they write is read by nobody. */
int hook_nowhere_open(struct error *err);
/* A descriptor with the text, positioned at its start. */
int document_fd(const char *text, struct error *err);

/* start.c: say go to the created container STATE and wait until its process executes. The state document of
 * startContainer hooks travels along; DOCUMENT may be NULL. */
int launch_start(int dir_fd, const struct state *state, const char *document, const struct listener *listener,
                 struct error *err);

/* foreground.c: be the process's stand-in for whoever waits for us: forward signals, relay the terminal, reap. */
struct foreground {
    sigset_t mask;          /* what the caller had before foreground_prepare */
    struct sigaction child; /* SIGCHLD's disposition */
    sigset_t forwarded;     /* signals that are for the container's process */
    int was_subreaper;
    struct notify *notify; /* to be handed on while waiting, or NULL; set it after foreground_prepare */
    struct cancel cancel;  /* for the launch, from foreground_prepare on */
    bool prepared, subreaper, waited;
    bool killed; /* SIGKILL has ended the process, which exit status 137 alone does not say */
};
/* Before the container's process exists: block every signal that foreground_wait will forward. With SUBREAPER, orphans
 * of the container become our children (a container without a pid namespace of its own) and foreground_wait reaps them,
 * and every other child it finds. */
int foreground_prepare(struct foreground *foreground, bool subreaper, struct error *err);
/* Until the process PIDFD, our child PID, has ended: forward signals to it and relay *TERMINAL_FD (-1: none), which is
 * taken over and closed. *RET_STATUS is its exit status, or 128 + N after signal N. Signals stay blocked until
 * foreground_done: what is cleaned up is not ended by them. An error: it has ended all the same, and was not our
 * child (-ECHILD), or its output could not be written (the status is then not 0). */
int foreground_wait(struct foreground *foreground, int pidfd, pid_t pid, int *terminal_fd, int *ret_status,
                    struct error *err);
/* Give back signal mask, SIGCHLD and subreaper as they were; signals that came since the process ended are dropped. */
void foreground_done(struct foreground *foreground);
