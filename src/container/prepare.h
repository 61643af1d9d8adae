// SPDX-License-Identifier: LGPL-2.1-or-later
/* From a bundle to a plan: what create, run and plan have in common. */
#pragma once

#include "container/context.h"
#include "launch/launch.h"
#include "seccomp/seccomp.h"
#include "spec/load.h"

struct prepared {
    struct arena arena;
    char *bundle; /* absolute, malloc'd */
    struct document config;
    const struct spec *spec;
    struct host host;
    struct seccomp_filter filter;
    struct plan plan;
    struct state state;
};

/* WAIT_START: create. On failure nothing is left; on success release with prepared_done. */
int prepare(struct crun_context *context, const char *id, const struct crun_create_options *options, bool wait_start,
            struct prepared *ret, struct error *err);
/* Who gets the listener of the seccomp filter of a container with SPEC and STATE. */
struct listener container_listener(const struct spec *spec, const struct state *state);

/* The first step alone: RET->bundle and RET->config of what OPTIONS name. */
int prepare_document(const struct crun_create_options *options, struct prepared *ret, struct error *err);
void prepared_done(struct prepared *prepared);
