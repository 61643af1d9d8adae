// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Where the time of a launch goes: what the runtime does before and after it (phases, one behind the other), and every
 * row of both sides. crun-init writes its times into memory that it shares with us until it executes the container's
 * program (blob->times). Without a timeline none of this is there: every function takes NULL and does nothing.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "log/log.h"
#include "plan/blob.h"

enum { TIMELINE_PHASES = 24 };

struct timeline {
    const char *destination; /* as the user gave it, "-": text on standard error */
    int fd;                  /* the file that gets it */
    struct timeline_phase {
        const char *name;
        int64_t begin; /* until the next one's; ns of CLOCK_MONOTONIC */
    } phases[TIMELINE_PHASES];
    unsigned n_phases;
    const struct blob *blob;  /* the rows, once there is a plan; it must stay until timeline_finish */
    struct row_times *parent; /* by row */
    struct row_times *init;   /* by row, and one more for its own start; shared with crun-init */
    int init_fd;
    int pid;
};

/* DESTINATION is opened now, so that an error comes before anything is made. */
int timeline_open(struct timeline *timeline, const char *destination, struct error *err);

/* NAME begins, what was before ends. */
void timeline_phase(struct timeline *timeline, const char *name);

/* There is a plan: room for the times of its rows. *RET_FD is for crun-init, the caller's to close. Not with NULL. */
int timeline_start(struct timeline *timeline, const struct blob *blob, int *ret_fd, struct error *err);

void timeline_row_begin(struct timeline *timeline, uint32_t row);
void timeline_row_end(struct timeline *timeline, uint32_t row);
/* The process PID executes its program: the end of crun-init's last row. */
void timeline_executed(struct timeline *timeline, int pid);

/* Write it and let everything go. What the verb did is done by now: a failure is a warning in LOG. */
void timeline_finish(struct timeline *timeline, struct log *log);
