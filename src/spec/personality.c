// SPDX-License-Identifier: LGPL-2.1-or-later
/* "linux.personality": the execution domain, personality(2). The specification knows no flags yet. */
#include "spec/shapes.h"
#include "spec/spec.h"

static const struct word domains[] = { { "LINUX" }, { "LINUX32" }, { NULL } };

static const struct field fields[] = {
    STRING("domain", spec_personality, domain, .words = domains),
    STRINGS("flags", spec_personality, flags),
};

const struct shape shape_personality = SHAPE(spec_personality, fields);
