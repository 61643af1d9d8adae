// SPDX-License-Identifier: LGPL-2.1-or-later
/* What every verb needs: the state root, the log, the conventions. */
#pragma once

#include <stdbool.h>
#include <time.h>

#include "base/error.h"
#include "crun.h"
#include "log/log.h"
#include "plan/plan.h"
#include "state/state.h"

struct document;
struct timeline;

struct crun_context {
    char *root_option; /* as given, or NULL */
    char *criu;        /* the program, or NULL */
    char *root_path;   /* absolute, once it was opened */
    int root_fd;       /* -1 until a verb needs it, or while there is none: what only answers makes no directory */
    struct log *log;
    enum cgroup_manager manager;
    bool as_runc, rootless;
    struct timeline *timeline; /* of the verb that is going on, or NULL */
};

/* The public error has the very layout of ours. */
static inline struct error *own_error(struct crun_error *err)
{
    _Static_assert(sizeof(struct crun_error) == sizeof(struct error), "one layout");
    return (struct error *) err;
}

/* A container that exists: its directory and its state. */
struct cancel;

struct container {
    int dir_fd;  /* -1 where only a look was asked for (container_look_next), and it was enough */
    int root_fd; /* the state root, not ours, then */
    struct arena arena;
    struct state state;
    bool half_made;              /* killed before its first state was written, or the state cannot be read */
    bool spares_strangers;       /* who was moved into its cgroups from outside is not killed when it is removed */
    const struct spec *spec;     /* its configuration, where it is at hand; or NULL */
    const struct cancel *cancel; /* signals that end its hooks, or NULL */
};

/* Keep times in TIMELINE, the caller's, if DESTINATION is not NULL; written and done by context_timeline_end. */
int context_timeline(struct crun_context *context, const char *destination, struct timeline *timeline,
                     struct error *err);
void context_timeline_end(struct crun_context *context);

/* Read NAME below DIR_FD, or standard input; what the decoder then warns of goes to the log. */
int context_read(struct crun_context *context, struct document *ret, int dir_fd, const char *name, struct error *err);

/* Open the state root, once, made if it is missing. */
int context_root(struct crun_context *context, struct error *err);
/* The same for who asks of containers that exist: without a state root there are none, root_fd stays -1. */
int context_root_if_there(struct crun_context *context, struct error *err);
/* Where it is or would be, malloc'd; nothing is made. */
int context_root_path(const struct crun_context *context, char **ret_path, struct error *err);

/* Open container ID. LOCK: as of state_dir_open; 0 for verbs that look. */
int container_open(struct crun_context *context, const char *id, int lock, struct container *ret, struct error *err);
/* The same for one after another: RET is the one before, or zero but for its descriptor, -1. */
int container_open_next(struct crun_context *context, const char *id, int lock, struct container *ret,
                        struct error *err);
/* The same without a lock, for who asks for state and status only. */
int container_look_next(struct crun_context *context, const char *id, struct container *ret, struct error *err);
void container_close(struct container *container);

/* busy.c: the same, locked, for verbs that change it. An error at once while it is being created, and in a hook of its own. */
int container_lock(struct crun_context *context, const char *id, struct container *ret, struct error *err);
/* For the verb that ends it: whoever has the lock is made to give it up. Not in a hook of its own. */
int container_seize(struct crun_context *context, const char *id, struct container *ret, struct error *err);
/* An error if a hook of its own has called us, or one of its processes. */
int container_check_caller(const struct container *container, struct error *err);

/* A frozen one is paused, whether it was started before or not. */
enum state_status container_status(const struct container *container);
/* 0 if it has a process (created, running, paused); otherwise "container not running". */
int container_check_running(const struct container *container, struct error *err);

/* kill.c: the cgroup by which the container is killed, frozen and listed; NULL when it has none. */
const struct cgroup_dir *container_cgroup(const struct container *container);
/* kill.c: warn where only the first process is known, of those that `kill --all` and `delete --force` are to end. */
void container_warn_of_others(struct crun_context *context, const struct container *container);
/* kill.c: kill every process, and wait until the first one is gone. */
int container_kill_all(const struct container *container, struct error *err);
/* origin.c: the members of STATE that tell who makes it, which is us, and when. */
void container_origin(struct state *state, const struct timespec *made, struct arena *arena);
/* delete.c: remove what a stopped container still has: cgroups, state; runs the poststop hooks. */
int container_remove(struct crun_context *context, struct container *container, struct error *err);
/* salvage.c: find the cgroups of a container whose state cannot be read, by its kept config.json. */
int container_salvage(struct crun_context *context, struct container *container, struct error *err);
/* hooks.c: run the hooks of KIND from the kept config.json. A poststop failure is only a warning. */
int container_hooks(struct crun_context *context, const struct container *container, enum hook_kind kind,
                    enum state_status status, struct error *err);
/* The same of a spec at hand. */
struct hook_round {
    const struct spec *spec;
    const struct state *state;
    int dir_fd; /* the state directory */
    enum hook_kind kind;
    enum state_status status;
    const struct cancel *cancel; /* signals that end the wait for a hook, or NULL */
};
int container_spec_hooks(struct crun_context *context, const struct hook_round *round, struct error *err);
/* The text of the kept config.json. */
int container_config(const struct container *container, struct document *ret, struct error *err);
/* The same decoded into the container's arena, where nobody waits for a listener without its seccomp profile: linux_->seccomp is NULL. */
int container_spec(struct container *container, const struct spec **ret_spec, struct error *err);
