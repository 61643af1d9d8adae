// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A document of which the profile is known already is loaded without it: only if the whole loads too, and says the same. The
 * profile is known if it was loaded once in a document of its own, as a start does before it keeps the program.
 */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <stdio.h>

#include "spec/profile.h"

static void note(void *userdata, const struct error *warning)
{
    check_error(warning);
    *(bool *) userdata = true;
}

/* Loads, without a warning. */
static bool loads(const char *text, size_t size, struct arena *arena, const struct spec **ret_spec)
{
    bool warned = false;
    struct document document = {
        .name = "config.json", .text = (char *) text, .size = size, .warn = note, .userdata = &warned
    };
    struct error err = { 0 };

    return spec_load(&document, arena, ret_spec, &err) == 0 && !warned;
}

static bool is_known(const struct profile_text *profile, struct arena *arena)
{
    char *text = malloc(profile->size + 64);
    const struct spec *spec;
    int n;
    bool known;

    if (!text)
        abort();
    n = snprintf(text, profile->size + 64, "{\"ociVersion\":\"1.0.0\",\"linux\":{\"seccomp\":%.*s}}",
                 (int) profile->size, profile->text);
    known = loads(text, (size_t) n, arena, &spec);
    free(text);
    return known;
}

static void compare(const struct document *document, struct arena *arena)
{
    const struct spec *rest, *whole = NULL;
    struct profile_text profile;

    if (!profile_find(document, &profile))
        return;
    assert(profile.text >= document->text && profile.text + profile.size <= document->text + document->size);
    if (!profile_load_without(document, &profile, arena, &rest) || !is_known(&profile, arena))
        return;
    assert(loads(document->text, document->size, arena, &whole));
    assert(whole->linux_->seccomp && !rest->linux_->seccomp);
    assert(whole->n_mounts == rest->n_mounts && whole->n_annotations == rest->n_annotations);
    assert(!whole->process == !rest->process && !whole->hostname == !rest->hostname);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct document document = { .name = "config.json", .text = text, .size = size };
    struct arena arena = fuzz_arena();

    compare(&document, &arena);
    arena_done(&arena);
    free(text);
    return 0;
}
