// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From the words of an error back to the place in the document. The planner and the host know nothing of texts; their
 * errors begin with the path of a field (`mounts[3] "/data": ...`), and `crun check` wants line and column.
 */
#pragma once

#include <stddef.h>

#include "spec/load.h"
#include "spec/locate.h"

/* How much of TEXT is the path of a field of config.json: its first name is one of the document's top level. 0: none. */
size_t reference_length(const char *text);

/* Where the value at the path of LENGTH bytes stands, or the nearest object around it. */
struct text_place reference_place(const struct document *document, const char *path, size_t length);
