// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Finding the profile, and loading without it; see profile.h.
 *
 * The members are walked from the top to the first `"linux"` and in it to the first `"seccomp"`, spelled just so. The walk does not
 * check what it walks over, it need not: the document that is then loaded has the very same bytes up to that place, and
 * `null` in it. Is it correct JSON, so was the walk, and the whole is correct with a correct value in the place of the null.
 * The decoder prefers names that are spelled exactly; and were there a second "linux" or "seccomp", it would warn of the
 * duplicate, and then the whole is loaded.
 */
#include "spec/profile.h"

#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "spec/locate.h"

#define QUOTED  "\"seccomp\""
#define NOTHING "null"

/* Where the value of the first member QUOTED of the object at OBJECT begins; 0: nowhere. */
static size_t find_member(const struct document *document, size_t object, const char *quoted)
{
    const char *text = document->text;
    size_t size = document->size, length = strlen(quoted), at = json_skip_space(text, size, object + 1);

    while (at < size && text[at] == '"') {
        size_t end = json_skip_string(text, size, at), colon = json_skip_space(text, size, end);
        size_t value = json_skip_space(text, size, colon + 1);

        if (end - at == length && memcmp(text + at, quoted, length) == 0)
            return value < size && text[value] == '{' ? value : 0;
        at = json_skip_space(text, size, json_value_end(text, size, value));
        at = at < size && text[at] == ',' ? json_skip_space(text, size, at + 1) : size;
    }
    return 0;
}

bool profile_find(const struct document *document, struct profile_text *ret_profile)
{
    size_t top = json_skip_space(document->text, document->size, 0), linux_at, at;

    if (top >= document->size || document->text[top] != '{' ||
        !memmem(document->text, document->size, QUOTED, strlen(QUOTED)))
        return false;
    linux_at = find_member(document, top, "\"linux\"");
    at = linux_at ? find_member(document, linux_at, QUOTED) : 0;
    if (!at)
        return false;
    *ret_profile =
        (struct profile_text){ document->text + at, json_value_end(document->text, document->size, at) - at };
    return true;
}

static void note_warning(void *userdata, const struct error *warning)
{
    bool *warned = userdata;

    *warned = true;
}

/* DOCUMENT with NOTHING in the place of PROFILE, NUL-terminated. */
static char *text_without(const struct document *document, const struct profile_text *profile, size_t *ret_size)
{
    size_t before = (size_t) (profile->text - document->text), after = document->size - before - profile->size;
    char *text = malloc(before + strlen(NOTHING) + after + 1);

    if (!text)
        return NULL;
    memcpy(text, document->text, before);
    memcpy(text + before, NOTHING, strlen(NOTHING));
    memcpy(text + before + strlen(NOTHING), profile->text + profile->size, after + 1);
    *ret_size = before + strlen(NOTHING) + after;
    return text;
}

bool profile_load_without(const struct document *document, const struct profile_text *profile, struct arena *arena,
                          const struct spec **ret_spec)
{
    bool warned = false;
    struct document rest = { .name = document->name, .warn = note_warning, .userdata = &warned };
    struct error ignored;
    int r;

    rest.text = text_without(document, profile, &rest.size);
    if (!rest.text)
        return false;
    r = spec_load(&rest, arena, ret_spec, &ignored);
    free(rest.text);
    return r == 0 && !warned && !(*ret_spec)->linux_->seccomp;
}
