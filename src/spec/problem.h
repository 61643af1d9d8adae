// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the decoder says about a value: NAME:LINE:COLUMN: JSON.PATH: what is wrong. */
#pragma once

#include "spec/decode.h"

/* A problem of the value at PATH; where it does not exist, the nearest object around it gives line and column. */
void problem(struct decoder *decoder, const struct json_path *path, const char *format, ...) _printf_(3, 4);

/* "expected EXPECTED, found VALUE". */
void problem_expected(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                      const char *expected, ...) _printf_(4, 5);

/* A path as errors spell it, `mounts[3].options`, `annotations["a b"]`, into BUFFER; the top of a document is "". */
const char *path_text(const struct json_path *path, char *buffer, size_t size);
