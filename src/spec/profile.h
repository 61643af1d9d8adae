// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The text of linux.seccomp inside its document. An engine's profile is two thirds of config.json, and the same one for
 * each container: who knows already what that text means (seccomp/cache.h) has the rest read without it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "spec/load.h"

struct profile_text {
    const char *text; /* in the document: an object, from its brace to its brace */
    size_t size;
};

/* Find it, without a check of what is read. False: not where it is looked for, which is no promise that there is none. */
bool profile_find(const struct document *document, struct profile_text *ret_profile);

/* spec_load of DOCUMENT without PROFILE, which profile_find has found and of which the caller knows that spec_load takes it in
 * this place: the spec is the same but for linux_->seccomp, NULL. False: something is wrong, or odd, or worth a warning, and
 * spec_load has to tell. */
bool profile_load_without(const struct document *document, const struct profile_text *profile, struct arena *arena,
                          const struct spec **ret_spec);
