// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One `criu swrk`: a process that gets one request over a socket (SOCK_SEQPACKET, a message a packet) and answers it,
 * and in between tells how far it has come ("network-lock", "setup-namespaces", "post-restore"); it goes on when it is
 * told to.
 *
 *     crun                              criu swrk N
 *     criu_start ─────────────────────▶ waits, not yet executed: it may still be put into cgroups
 *     criu_send ── request ───────────▶ executed; works
 *     criu_wait ◀─ notify "X" ───────── waits
 *     criu_wait ── go on ─────────────▶ works
 *     criu_wait ◀─ response ─────────── ends
 *
 * There is no signal that ends it with us: a dump that loses its socket sets the processes free again, and a restore
 * kills what it has made.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "criu/message.h"

struct criu {
    /* given */
    const char *program;   /* name or path; NULL: "criu" */
    const char *log_path;  /* for messages: where the log is */
    int log_dir_fd;        /* borrowed */
    const char *log_file;  /* in there */
    const char *work;      /* "checkpoint", "restore": for messages */
    const char *bind_root; /* in a mount namespace of its own, bind this directory on itself; or NULL */
    bool cgroup_namespace; /* of its own: the root is the cgroup that it is in when the request is sent */
    bool keep_streams;     /* standard streams are ours, not /dev/null */
    int *fds;              /* descriptors that it inherits */
    size_t n_fds;
    struct criu_directory {
        int fd;
        const char *path;
    } directories[2]; /* images, work: CRIU opens them by our descriptors, and mounts things in them */
    /* in progress */
    int fd;        /* -1: none */
    int failed_fd; /* tells that it could not be executed */
    pid_t pid;
    bool held;     /* it has told something and waits */
    bool answered; /* the response has come */
    int root_pid;  /* of the restored container, as soon as CRIU has told it */
    /* Called for a notification "orphan-pts-master" with the terminal's master; may be NULL. */
    int (*terminal)(void *userdata, int *fd, struct error *err);
    /* Called before something is received: wait until FD is readable; a failure ends the session. May be NULL. */
    int (*wait)(void *userdata, int fd, struct error *err);
    void *userdata;
};

#define CRIU_SESSION_INIT                                                                                              \
    {                                                                                                                  \
        .fd = -1, .failed_fd = -1, .log_dir_fd = -1                                                                    \
    }

/* Where PROGRAM (NULL: "criu") is, malloc'd. -ENOENT names the package. */
int criu_find(const char *program, char **ret_path, struct error *err);

int criu_start(struct criu *criu, struct error *err);

/* Let it be executed and send REQUEST. */
int criu_send(struct criu *criu, const struct criu_message *request, struct error *err);

/* Go on until it tells STAGE: 1, it waits now. 0: it has come to its end and was successful (STAGE may be NULL: that is
 * what is waited for). A failure has the failing lines of the log. */
int criu_wait(struct criu *criu, const char *stage, struct error *err);

/* Close the socket and wait for its end. Before the response that means: give up. */
void criu_end(struct criu *criu);

/* log.c: append to ERR the last errors in the log, and its path. */
void criu_log_explain(int dir_fd, const char *file, const char *path, struct error *err);
