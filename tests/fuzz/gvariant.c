// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Values of unit properties, which annotations bring: what has a signature can be walked, containers that are opened are
 * closed, and what a sink is told is complete types of it.
 */
#include "plan/gvariant.h"

#include "fuzz.h"

static int basic(void *userdata, char type, const void *value)
{
    (void) userdata;
    assert(strchr("bynqiuhxtdsog", type) && type);
    assert(!strchr("sog", type) || strlen(value) < 8192);
    return 0;
}

static int open_(void *userdata, char type, const char *contents)
{
    int *depth = userdata;

    assert(strchr("arev", type) && contents[0] && strlen(contents) < GVARIANT_SIGNATURE_SIZE);
    return ++*depth > 64 ? -1 : 0;
}

static int close_(void *userdata)
{
    return --*(int *) userdata < 0 ? -1 : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), signature[GVARIANT_SIGNATURE_SIZE];
    int depth = 0;
    const struct gvariant_sink sink = { &depth, basic, open_, close_ };
    struct error err = { 0 };

    memcpy(text, data, size);
    text[size] = '\0';
    if (gvariant_signature(text, signature, &err) < 0) {
        check_raw_error(&err);
    } else {
        struct error walk = { 0 };

        if (gvariant_walk(text, &sink, &walk) < 0)
            check_raw_error(&walk);
        else
            assert(depth == 0 && signature[0]);
    }
    free(text);
    return 0;
}
