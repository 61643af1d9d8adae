// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The seccomp program of a configuration; see filter.h. The cache only ever spares work: whatever is wrong with it, with
 * the state root, or with the document, the profile is decoded and compiled, and who compiles is who complains.
 *
 * Kept is what is the same for every container with that text: no profile with an agent's listener, whose path and metadata
 * are in the text, and none of a document that something was to be warned of. A container that has system calls unknown
 * here refused, by annotation, does not take a program which passed some over.
 */
#include "container/filter.h"

#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"

static bool is_fatal(const struct spec *spec)
{
    return spec_annotation_is_on(spec, "run.oci.seccomp_fail_unknown_syscall");
}

static const char *raw_program(const struct spec *spec)
{
    return spec_annotation(spec, "run.oci.seccomp_bpf_data");
}

int filter_compile(const struct spec *spec, struct seccomp_filter *ret_filter,
                   void (*warning)(void *userdata, const char *text), void *userdata, struct error *err)
{
    if (raw_program(spec))
        return seccomp_raw(raw_program(spec), ret_filter, err);
    if (!spec->linux_->seccomp)
        return 0;
    return seccomp_compile(spec->linux_->seccomp, is_fatal(spec), ret_filter, warning, userdata, err);
}

void filter_debug(void *userdata, const char *text)
{
    struct crun_context *context = userdata;

    log_write(context->log, LOG_LEVEL_DEBUG, "%s", text);
}

/* ---- from the cache ---- */

/* Each line of NOTES, as whoever compiled it was told. */
static void tell_notes(struct crun_context *context, char *notes)
{
    char *rest = notes, *line;

    while ((line = strsep(&rest, "\n")))
        if (*line)
            filter_debug(context, line);
}

static bool find_program(const struct filter_load *x, struct seccomp_cached *ret)
{
    int r = seccomp_cache_find(x->context->root_fd, x->profile.text, x->profile.size, ret);

    if (r < 0)
        log_write(x->context->log, LOG_LEVEL_DEBUG, "seccomp cache: what is there is not used: %s", errno_text(-r));
    return r > 0;
}

/* Whether the rest of the document leaves it to the profile, and to all of it. */
static bool serves(const struct seccomp_cached *cached, const struct spec *spec)
{
    return !raw_program(spec) && !(is_fatal(spec) && *cached->notes);
}

static bool load_cached(struct filter_load *x, struct arena *arena, const struct spec **ret_spec,
                        struct seccomp_filter *ret_filter)
{
    _cleanup_(seccomp_cached_done) struct seccomp_cached cached = { 0 };

    if (!find_program(x, &cached) || !profile_load_without(x->document, &x->profile, arena, ret_spec) ||
        !serves(&cached, *ret_spec))
        return false;
    log_write(x->context->log, LOG_LEVEL_DEBUG, "seccomp cache: a program of %zu bytes, nothing is compiled",
              cached.filter.size);
    tell_notes(x->context, cached.notes);
    *ret_filter = cached.filter;
    cached.filter.program = NULL;
    return true;
}

static void note_warning(void *userdata, const struct error *warning)
{
    struct filter_load *x = userdata;

    x->warned = true;
    if (x->document->warn)
        x->document->warn(x->document->userdata, warning);
}

int filter_load_spec(struct filter_load *x, struct arena *arena, const struct spec **ret_spec,
                     struct seccomp_filter *ret_filter, struct error *err)
{
    struct document document = *x->document;
    struct error ignored; /* whoever needs the state root is told later */

    x->has_profile = x->cache && profile_find(x->document, &x->profile) && x->profile.size >= SECCOMP_CACHE_WORTH &&
                     context_root(x->context, &ignored) >= 0;
    x->found = x->has_profile && load_cached(x, arena, ret_spec, ret_filter);
    if (x->found)
        return 0;
    if (x->has_profile) {
        document.warn = note_warning;
        document.userdata = x;
    }
    return spec_load(&document, arena, ret_spec, err);
}

/* ---- into the cache ---- */

struct notes {
    struct crun_context *context;
    char *text;
    size_t size;
    FILE *stream;
};

static void note(void *userdata, const char *text)
{
    struct notes *notes = userdata;

    filter_debug(notes->context, text);
    if (notes->stream)
        fprintf(notes->stream, "%s\n", text);
}

static bool is_anybodys(const struct filter_load *x, const struct spec *spec, const struct seccomp_filter *filter)
{
    const struct spec_seccomp *seccomp = spec->linux_->seccomp;

    return x->has_profile && !x->warned && seccomp && !raw_program(spec) && !seccomp->listener_path &&
           !seccomp->listener_metadata && !(filter->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER);
}

static void keep(const struct filter_load *x, const struct seccomp_filter *filter, char *notes)
{
    const struct seccomp_cached cached = { .filter = *filter, .notes = notes };
    int r = seccomp_cache_keep(x->context->root_fd, x->profile.text, x->profile.size, &cached);

    if (r < 0)
        log_write(x->context->log, LOG_LEVEL_DEBUG, "seccomp cache: the program is not kept: %s", errno_text(-r));
}

int filter_load_program(struct filter_load *x, const struct spec *spec, struct seccomp_filter *ret_filter,
                        struct error *err)
{
    struct notes notes = { .context = x->context };
    int r;

    if (x->found)
        return 0;
    notes.stream = x->has_profile ? open_memstream(&notes.text, &notes.size) : NULL;
    r = filter_compile(spec, ret_filter, note, &notes, err);
    if (notes.stream && fclose(notes.stream) == 0 && r >= 0 && is_anybodys(x, spec, ret_filter))
        keep(x, ret_filter, notes.text);
    free(notes.text);
    return r;
}
