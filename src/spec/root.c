// SPDX-License-Identifier: LGPL-2.1-or-later
/* "root": the container's root file system. */
#include "spec/shapes.h"
#include "spec/spec.h"

static const struct field fields[] = {
    STRING("path", spec_root, path, .required = true),
    BOOL("readonly", spec_root, readonly),
};

const struct shape shape_root = SHAPE(spec_root, fields);
