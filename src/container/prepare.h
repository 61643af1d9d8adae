// SPDX-License-Identifier: LGPL-2.1-or-later
/* From a bundle to a plan: what create, run and plan have in common. */
#pragma once

#include "container/context.h"
#include "launch/launch.h"
#include "seccomp/seccomp.h"
#include "spec/load.h"

struct prepared {
    struct crun_context *context;
    struct arena arena;
    char *bundle; /* absolute, malloc'd */
    struct document config;
    const struct spec *spec;
    struct host host;
    struct seccomp_filter filter;
    struct plan plan;
    const char *notify_name; /* of the sd_notify(3) proxy's socket, or NULL */
    struct state state;
};

/* A plan is that of a create, to be looked at. */
enum prepare_for { PREPARE_CREATE, PREPARE_PLAN, PREPARE_RUN, PREPARE_RESTORE };

/* On failure nothing is left; on success release with prepared_done. */
int prepare(struct crun_context *context, const char *id, const struct crun_create_options *options,
            enum prepare_for purpose, struct prepared *ret, struct error *err);
/* Who gets the listener of the seccomp filter of a container with SPEC and STATE. */
struct listener container_listener(const struct spec *spec, const struct state *state);

/* create.c: LAUNCH of what was prepared. */
void prepared_launch(struct launch *launch, struct crun_context *context, struct prepared *prepared,
                     const struct crun_create_options *options, bool wait_start);
/* create.c: what follows a launch whose process runs: the poststart hooks (a failure undoes the launch); detached that is
 * all, in the foreground wait for its end and remove the container, unless options->keep. */
int prepared_attend(struct crun_context *context, struct prepared *prepared, const struct crun_create_options *options,
                    struct launch *launch, struct foreground *foreground, int *ret_status, struct error *err);

/* The first step alone: RET->bundle and RET->config of what OPTIONS name. */
int prepare_document(struct crun_context *context, const struct crun_create_options *options, struct prepared *ret,
                     struct error *err);
void prepared_done(struct prepared *prepared);

/* An error if OPTION (may be NULL) or SPEC asks for a handler, which others may have and this build has not. */
int prepare_handler(const struct spec *spec, const char *option, struct error *err);

/* Whether the descriptors that INPUT asks for, from 3 on, were left open by our caller, to be handed on. */
int prepare_descriptors(const struct plan_input *input, struct error *err);
/* PATH (may be NULL), what OPTION of the command line says, which is relative to the caller's directory. */
int prepare_path(struct arena *arena, const char *option, const char *path, const char **ret, struct error *err);
