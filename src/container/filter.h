// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A configuration with its seccomp program: the profile is compiled, or, where the same text was compiled before, found in the
 * cache, and then not even decoded.
 */
#pragma once

#include "container/context.h"
#include "seccomp/cache.h"
#include "spec/profile.h"

/* The seccomp program of SPEC, if it has one: from its profile or ready-made. WARNING: see seccomp_compile. */
int filter_compile(const struct spec *spec, struct seccomp_filter *ret_filter,
                   void (*warning)(void *userdata, const char *text), void *userdata, struct error *err);
/* A WARNING for filter_compile: to the log of the context USERDATA, for who debugs. */
void filter_debug(void *userdata, const char *text);

/* What lies between a document and its filter. */
struct filter_load {
    struct crun_context *context;
    const struct document *document;
    bool cache; /* look there, and keep there what was compiled */
    struct profile_text profile;
    bool has_profile; /* that is worth it */
    bool warned;      /* the document was worth a warning: the next start is to warn as well */
    bool found;       /* the filter is there already, and the spec has no profile */
};

/* spec_load, with *RET_FILTER beside it where x->found says so. */
int filter_load_spec(struct filter_load *x, struct arena *arena, const struct spec **ret_spec,
                     struct seccomp_filter *ret_filter, struct error *err);
/* filter_compile where it was not found. */
int filter_load_program(struct filter_load *x, const struct spec *spec, struct seccomp_filter *ret_filter,
                        struct error *err);
