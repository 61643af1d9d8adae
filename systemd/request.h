// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crun-systemd: what crun asks of systemd for a container's scope, over sd-bus. A program of its own, for libsystemd costs
 * more to load than the rest of crun together (docs/decisions/0130). The protocol is told in src/cgroup/systemd.h.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "base/error.h"

struct manager {
    bool user;      /* the caller's own, not the system's */
    sd_bus *bus;    /* NULL until the first request */
    pid_t holder;   /* the process that holds a scope; 0: none */
    int timeout_ms; /* of the request at hand */
    bool old;       /* this systemd has not every property that it need not have */
};

struct request {
    const char *verb, *name;
    const char *const *words;
    size_t n_words;
};

/* bus.c: connect, if we are not. */
int manager_connect(struct manager *manager, struct error *err);
void manager_close(struct manager *manager);
/* "systemd: TEXT", and CODE's own text if the bus has none. */
int bus_error(struct error *err, int code, const sd_bus_error *error, const char *what);
sd_bus_message *manager_call_new(struct manager *manager, const char *method, struct error *err);
/* Send CALL, which is taken over. *RET_REPLY may be NULL. NAME is the unit's, for messages. *RET_ERROR: what was said. */
int manager_call(struct manager *manager, sd_bus_message *call, const char *name, sd_bus_message **ret_reply,
                 sd_bus_error *ret_error, struct error *err);

/* job.c: send CALL, whose answer is a job, and wait until that is done. */
int job_run(struct manager *manager, sd_bus_message *call, const char *name, sd_bus_error *ret_error,
            struct error *err);

/* property.c: append "Name=value", as (sv). */
int property_append(sd_bus_message *message, const char *property, struct error *err);

/* holder.c */
int holder_start(struct manager *manager, struct error *err);
void holder_end(struct manager *manager);

/* scope.c: the verbs. ANSWER gets the control group. */
int scope_start(struct manager *manager, const struct request *request, char **ret_cgroup, struct error *err);
int scope_set(struct manager *manager, const struct request *request, struct error *err);
int scope_attach(struct manager *manager, const struct request *request, struct error *err);
int scope_stop(struct manager *manager, const struct request *request, struct error *err);
int scope_clear(struct manager *manager, const struct request *request, struct error *err);
