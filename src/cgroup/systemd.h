// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Asking systemd for a container's scope unit, through the helper program crun-systemd, which is linked with libsystemd
 * and is started for nothing else (docs/decisions/0130). We talk to it over its standard input, a seqpacket socket: one
 * packet a request, one an answer, both of strings that end with a zero:
 *
 *     VERB TIMEOUT-MS NAME [WORD...]   start: a WORD is a property, "Name=value" as GVariant text,
 *                                      "?Name=value" if this systemd has it
 *                                      set: the same; attach: the path below the scope, pids; stop; clear; release
 *     0 CONTROL-GROUP                  done; only `start` has a control group to tell
 *     -ERRNO TEXT                      not done
 *
 * The helper ends with the socket, and with it the process that holds a scope from `start` to `release`.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

#define SYSTEMD_HELPER "crun-systemd"

enum { SYSTEMD_TIMEOUT_MS = 60000, SYSTEMD_PACKET_SIZE = 160 * 1024 };

struct systemd {
    pid_t pid;   /* of the helper */
    int fd;      /* -1: it is not running */
    int wait_ms; /* for an answer; 0: as long as the helper may take, and a little */
};

/* The helper's path: beside the program, or where it is installed; malloc'd. -ENOENT: there is none. */
int systemd_helper(char **ret_path, struct error *err);

/* Start the helper for the system's manager, or USER's own; if it runs already, nothing. */
int systemd_open(struct systemd *systemd, bool user, struct error *err);
/* End it, wait for its end. */
void systemd_close(struct systemd *systemd);

/* What an answer of SIZE bytes says: 0 and *RET_TEXT in it, or its error; -EBADMSG when it is none. */
int systemd_answer(const char *packet, size_t size, const char **ret_text, struct error *err);

/* Start scope NAME with N PROPERTIES and wait for the job's result. *RET_CGROUP: its control group, malloc'd. A failure after
 * which the helper runs no more does not tell whether there is a scope: see systemd_clear. */
int systemd_start(struct systemd *systemd, const char *name, const char *const *properties, size_t n, char **ret_cgroup,
                  struct error *err);
/* Change properties until the unit ends (SetUnitProperties, runtime). */
int systemd_set(struct systemd *systemd, const char *name, const char *const *properties, size_t n, struct error *err);
/* Move process PID into the cgroup PATH ("" or "/a") below the scope's. */
int systemd_attach(struct systemd *systemd, const char *name, const char *path, pid_t pid, struct error *err);
/* End the process that holds the scope. */
int systemd_release(struct systemd *systemd, const char *name, struct error *err);
/* Stop the scope, wait for it, and forget that it may have failed. No such unit is success. */
int systemd_stop(struct systemd *systemd, const char *name, struct error *err);
/* The same for one that has no process: what a helper has left that was killed while it asked. */
int systemd_clear(struct systemd *systemd, const char *name, struct error *err);
