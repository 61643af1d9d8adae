// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libcrun: the public interface. The program `crun` is written over this header alone.
 *
 * Every verb takes a context (where state is kept, which cgroup manager, where the log goes), an options structure
 * (set it up with its CRUN_*_OPTIONS_INIT) and an error. Functions return 0 or more on success and a negative errno
 * on failure, with one line of text in the error. Nothing here prints, exits or aborts. A caller that has SIGCHLD
 * ignored takes the exit statuses of hooks away; the program sets it back.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CRUN_API __attribute__((visibility("default")))

/* What went wrong: a negative errno, and one line in the user's words. A plain value; nothing to free. */
struct crun_error {
    int code;
    char text[2048];
};

enum crun_cgroup_manager {
    CRUN_CGROUP_MANAGER_CGROUPFS,
    CRUN_CGROUP_MANAGER_SYSTEMD,
    CRUN_CGROUP_MANAGER_DISABLED,
};

enum crun_log_level {
    CRUN_LOG_ERROR,
    CRUN_LOG_WARNING,
    CRUN_LOG_INFO,
    CRUN_LOG_DEBUG,
};

struct crun_context;

struct crun_context_options {
    const char *root;       /* state root; NULL: /run/crun, or $XDG_RUNTIME_DIR/crun for an ordinary user */
    const char *log;        /* "file:PATH", a bare path, "journald:IDENT", "syslog:IDENT"; NULL: standard error */
    const char *log_format; /* "text" (also NULL) or "json" */
    enum crun_log_level log_level;
    enum crun_cgroup_manager cgroup_manager;
    int rootless;     /* 1, 0, or -1 to find out */
    bool as_runc;     /* keep runc's conventions where the two runtimes differ */
    const char *criu; /* program for checkpoint and restore; NULL: "criu" in $PATH */
    const char *name; /* how the program was called, for messages; NULL: "crun" */
};

#define CRUN_CONTEXT_OPTIONS_INIT                                                                                      \
    {                                                                                                                  \
        .log_level = CRUN_LOG_WARNING, .rootless = -1                                                                  \
    }

/* Make a context. Errors: an unknown log destination or format, a log file that cannot be opened. */
CRUN_API int crun_context_new(const struct crun_context_options *options, struct crun_context **ret_context,
                              struct crun_error *err);
CRUN_API void crun_context_free(struct crun_context *context);

/* What the context is used for: journald gets it as OPERATION and CONTAINER_ID (ID may be NULL) beside each message.
 * Both strings must outlive the context. */
CRUN_API void crun_context_operation(struct crun_context *context, const char *operation, const char *id);

/* Write one line of LEVEL to the context's log. */
CRUN_API void crun_log(struct crun_context *context, enum crun_log_level level, const char *text);

/* The state root in use, or where it would be made. */
CRUN_API const char *crun_context_root(struct crun_context *context);

/* ---- making containers ---- */

struct crun_create_options {
    const char *bundle;         /* NULL: the current directory */
    const char *config;         /* NULL: config.json of the bundle */
    const char *console_socket; /* unix socket that gets the terminal's master */
    const char *pid_file;
    const char *pidfd_socket;
    const char *handler;
    const char *timeline;  /* file for the times of the operations (Chrome trace), "-": text on standard error */
    unsigned preserve_fds; /* how many descriptors from 3 on, open without FD_CLOEXEC, go into the container */
    bool no_pivot, no_new_keyring, no_subreaper;
    bool detach, keep; /* run only */
};

#define CRUN_CREATE_OPTIONS_INIT                                                                                       \
    {                                                                                                                  \
        0                                                                                                              \
    }

/* Make container ID, up to the point before its process is executed. */
CRUN_API int crun_create(struct crun_context *context, const char *id, const struct crun_create_options *options,
                         struct crun_error *err);

/* Execute the process of a created container. */
CRUN_API int crun_start(struct crun_context *context, const char *id, struct crun_error *err);

/* Create and start. In the foreground: forward signals, wait, delete unless options->keep, and set *RET_STATUS to the
 * exit status of the process (128 + N after signal N). Detached: *RET_STATUS is 0. When the command was not found or
 * may not be executed, the call fails and *RET_STATUS is 127 or 126; when the process was killed for want of memory, it
 * fails with -ENOMEM, says which limit it was, and *RET_STATUS is 137; after other failures it is 1. */
CRUN_API int crun_run(struct crun_context *context, const char *id, const struct crun_create_options *options,
                      int *ret_status, struct crun_error *err);

struct crun_exec_options {
    const char *process;     /* file with a process object; NULL: the container's own process with ARGS */
    const char *const *args; /* the command; over that of the process object */
    size_t n_args;
    const char *cwd;
    const char *user;                   /* "UID" or "UID:GID" */
    const char *const *additional_gids; /* added to those of the process */
    size_t n_additional_gids;
    const char *const *env; /* "NAME=VALUE", added */
    size_t n_env;
    const char *const *caps; /* added to bounding, effective, permitted; to ambient if the process has any */
    size_t n_caps;
    const char *const *cgroups; /* "PATH" below the container's cgroup, or "CONTROLLER[,CONTROLLER]:PATH" */
    size_t n_cgroups;
    const char *process_label, *apparmor;
    const char *console_socket;
    const char *pid_file;
    const char *pidfd_socket;
    const char *timeline; /* as of crun_create_options */
    unsigned preserve_fds;
    bool tty, detach, no_new_privs;
    bool ignore_paused; /* wait until a paused container is resumed, instead of failing */
};

#define CRUN_EXEC_OPTIONS_INIT                                                                                         \
    {                                                                                                                  \
        0                                                                                                              \
    }

/* Run one more process in a container that is created or running. In the foreground as crun_run: forward signals, wait,
 * and set *RET_STATUS to its exit status; detached, *RET_STATUS is 0. On failure *RET_STATUS is 127 when the command was
 * not found, 126 when it may not be executed, and otherwise 1. */
CRUN_API int crun_exec(struct crun_context *context, const char *id, const struct crun_exec_options *options,
                       int *ret_status, struct crun_error *err);

/* ---- checkpoint and restore, by CRIU ---- */

enum crun_cgroups_mode { /* what CRIU does about cgroups; see criu(8) */
                         CRUN_CGROUPS_DEFAULT,
                         CRUN_CGROUPS_SOFT,
                         CRUN_CGROUPS_FULL,
                         CRUN_CGROUPS_STRICT,
                         CRUN_CGROUPS_IGNORE
};

enum crun_network_lock {
    CRUN_NETWORK_LOCK_DEFAULT,
    CRUN_NETWORK_LOCK_IPTABLES,
    CRUN_NETWORK_LOCK_NFTABLES,
    CRUN_NETWORK_LOCK_SKIP
};

/* What the two have in common. */
struct crun_checkpoint_options {
    const char *image_path;  /* NULL: "checkpoint" in the current directory */
    const char *work_path;   /* for the log and working files; NULL: as image_path */
    const char *parent_path; /* the images before these, absolute or from image_path */
    const char *page_server; /* "ADDRESS:PORT" */
    const char *empty_ns;    /* "network": its content is neither kept nor restored */
    int manage_cgroups_mode; /* enum crun_cgroups_mode */
    int network_lock;        /* enum crun_network_lock */
    unsigned status_fd;      /* gets a zero byte when the page server is ready; 0: none */
    bool leave_running;      /* checkpoint: the container runs on */
    bool pre_dump;           /* checkpoint: memory only, the container runs on */
    bool tcp_established, tcp_skip_in_flight, tcp_close, ext_unix_sk, shell_job, file_locks, link_remap, lazy_pages,
        auto_dedup;
};

#define CRUN_CHECKPOINT_OPTIONS_INIT                                                                                   \
    {                                                                                                                  \
        0                                                                                                              \
    }

struct crun_restore_options {
    struct crun_checkpoint_options checkpoint;
    struct crun_create_options create; /* as for crun_run; config, pidfd_socket, handler and timeline count too */
    const char *lsm_profile;           /* "apparmor:NAME" or "selinux:LABEL" */
    const char *lsm_mount_context;
};

#define CRUN_RESTORE_OPTIONS_INIT                                                                                      \
    {                                                                                                                  \
        .checkpoint = CRUN_CHECKPOINT_OPTIONS_INIT, .create = CRUN_CREATE_OPTIONS_INIT                                 \
    }

/* Write the processes of a running or paused container to image files. They end with it, and the container is stopped,
 * unless leave_running or pre_dump say otherwise. */
CRUN_API int crun_checkpoint(struct crun_context *context, const char *id,
                             const struct crun_checkpoint_options *options, struct crun_error *err);

/* Make container ID of images and a bundle. In the foreground as crun_run; detached *RET_STATUS is 0. */
CRUN_API int crun_restore(struct crun_context *context, const char *id, const struct crun_restore_options *options,
                          int *ret_status, struct crun_error *err);

/* ---- looking at and ending them ---- */

enum crun_status {
    CRUN_STATUS_CREATING,
    CRUN_STATUS_CREATED,
    CRUN_STATUS_RUNNING,
    CRUN_STATUS_PAUSED,
    CRUN_STATUS_STOPPED
};

CRUN_API const char *crun_status_name(enum crun_status status);

/* One container as `list` shows it. Strings belong to the list. */
struct crun_container {
    const char *id, *bundle, *rootfs, *created, *owner;
    int pid; /* 0 when stopped */
    enum crun_status status;
};

struct crun_list {
    struct crun_container *containers; /* sorted by id */
    size_t n_containers;
};

CRUN_API int crun_list(struct crun_context *context, struct crun_list **ret_list, struct crun_error *err);
CRUN_API void crun_list_free(struct crun_list *list);

/* The same as one JSON array, as `list --format json` prints it; free with free(3). */
CRUN_API int crun_list_json(struct crun_context *context, char **ret_json, struct crun_error *err);

/* The state document of one container (JSON, ends in a newline); free with free(3). */
CRUN_API int crun_state(struct crun_context *context, const char *id, char **ret_json, struct crun_error *err);

/* The pids of the container, child cgroups included; free with free(3). */
CRUN_API int crun_pids(struct crun_context *context, const char *id, int **ret_pids, size_t *ret_n,
                       struct crun_error *err);

/* The number of a signal by name ("KILL", "SIGKILL", "RTMIN+3") or number; -EINVAL when there is none. */
CRUN_API int crun_signal_number(const char *name);

/* The text of an errno (negative or positive) as errors of this library have it: "no such file or directory". */
CRUN_API const char *crun_errno_text(int code);

/* Send SIGNAL to the container's first process, or with ALL to every one. */
CRUN_API int crun_kill(struct crun_context *context, const char *id, int signal, bool all, struct crun_error *err);

/* Stop every process of a container where it is, and let them go on. */
CRUN_API int crun_pause(struct crun_context *context, const char *id, struct crun_error *err);
CRUN_API int crun_resume(struct crun_context *context, const char *id, struct crun_error *err);

/* A number that may be left out. */
struct crun_number {
    bool set;
    int64_t value;
};

/* What is not set stays as it is in the container. Memory in bytes (-1: no limit), times in microseconds. */
struct crun_update_options {
    const char *resources; /* file with an object as linux.resources of config.json, "-": standard input, or NULL */
    /* these go over the document */
    struct crun_number blkio_weight;
    struct crun_number cpu_period, cpu_quota, cpu_burst, cpu_idle, cpu_rt_period, cpu_rt_runtime, cpu_shares;
    struct crun_number kernel_memory, kernel_memory_tcp, memory, memory_reservation, memory_swap;
    struct crun_number pids_limit;
    const char *cpuset_cpus, *cpuset_mems;
    const char *l3_cache_schema, *mem_bw_schema;
};

#define CRUN_UPDATE_OPTIONS_INIT                                                                                       \
    {                                                                                                                  \
        0                                                                                                              \
    }

/* Change the resources of a container that is created, running or paused. After a failure they are as before. */
CRUN_API int crun_update(struct crun_context *context, const char *id, const struct crun_update_options *options,
                         struct crun_error *err);

/* Make the mounts of FILE ("-": standard input), a JSON array of mounts as in config.json, in a container that is created,
 * running or paused: all of them, or none. */
CRUN_API int crun_mounts_add(struct crun_context *context, const char *id, const char *file, struct crun_error *err);

/* Remove mounts that crun_mounts_add has made; of each mount in FILE only the destination counts. All of them, or none. */
CRUN_API int crun_mounts_remove(struct crun_context *context, const char *id, const char *file, struct crun_error *err);

/* The statistics of a running container: one JSON object on one line, as runc's `events --stats`; free with free(3). */
CRUN_API int crun_stats(struct crun_context *context, const char *id, char **ret_json, struct crun_error *err);

/* Gets one JSON object on one line. A negative result ends crun_events with it. */
typedef int crun_event_function(void *userdata, const char *json, struct crun_error *err);

/* Call FUNCTION with the statistics each INTERVAL_MS, and at once with {"type":"oom","id":ID} when processes were
 * killed for want of memory; returns when the container has ended. */
CRUN_API int crun_events(struct crun_context *context, const char *id, unsigned interval_ms,
                         crun_event_function *function, void *userdata, struct crun_error *err);

/* Remove a stopped container; with FORCE kill it first, and an unknown one is no error. */
CRUN_API int crun_delete(struct crun_context *context, const char *id, bool force, struct crun_error *err);

/* Call FUNCTION for each container whose id matches the POSIX extended regular expression. Goes on after a failure and
 * returns the first one. */
CRUN_API int crun_for_each_match(struct crun_context *context, const char *regex,
                                 int (*function)(struct crun_context *context, const char *id, void *userdata,
                                                 struct crun_error *err),
                                 void *userdata, struct crun_error *err);

/* ---- documents ---- */

/* A config.json to start from; free with free(3). */
CRUN_API int crun_spec(bool rootless, char **ret_json, struct crun_error *err);

/* The OCI features document; free with free(3). */
CRUN_API int crun_features(struct crun_context *context, char **ret_json, struct crun_error *err);

/* The launch plan of a bundle in words; free with free(3). */
CRUN_API int crun_plan(struct crun_context *context, const char *id, const struct crun_create_options *options,
                       char **ret_text, struct crun_error *err);

/* What is wrong with a bundle, or (WARNING) would be passed over. */
struct crun_problem {
    const char *file;    /* as messages call it: "config.json" */
    size_t line, column; /* from 1; 0: not about a place of the file */
    const char *path;    /* of the field: "linux.resources.pids.limit", "" when it is about none */
    const char *text;
    bool warning;
};

struct crun_check {
    struct crun_problem *problems; /* in the order of their finding */
    size_t n_problems, n_errors;   /* n_errors: without the warnings */
};

/* Validate a bundle without doing anything: every problem of the document, of what it asks for, and of this host. Of
 * OPTIONS only bundle and config are looked at. Problems are no failure of the call: see ret_check->n_errors. */
CRUN_API int crun_check(struct crun_context *context, const struct crun_create_options *options,
                        struct crun_check **ret_check, struct crun_error *err);
CRUN_API void crun_check_free(struct crun_check *check);

/* The same as a JSON object, as `check --format json` prints it; free with free(3). */
CRUN_API int crun_check_json(const struct crun_check *check, char **ret_json, struct crun_error *err);

/* "0.1", "abcdef0", "1.3.0", "+SECCOMP +EBPF ..." */
CRUN_API const char *crun_version(void);
CRUN_API const char *crun_commit(void);
CRUN_API const char *crun_spec_version(void);
CRUN_API const char *crun_feature_tags(void);

#ifdef __cplusplus
}
#endif
