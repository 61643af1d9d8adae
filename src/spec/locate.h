// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Where in the text a value stands. json-c keeps no positions, and a document without errors needs none; so only when
 * an error is reported the text is walked along the value's path. The text has been accepted by json-c before, so the
 * walk is lenient; whatever it is given, it stays inside the text and ends.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A value's way from the top of the document; links live on the decoder's stack. The top has no parent. */
struct json_path {
    const struct json_path *parent;
    const char *name; /* a field as the specification spells it; NULL: a map's key or an array's element */
    const char *key;  /* the member as the document spells it; NULL: an array's element */
    size_t index;
};

struct text_place {
    size_t line, column; /* from 1; columns count characters */
};

/* The offset of the value at PATH. False when there is none; *RET_OFFSET is then that of the nearest parent. */
bool json_locate(const char *text, size_t size, const struct json_path *path, size_t *ret_offset);

/* Where the value that begins at OFFSET ends (the offset behind its last byte). */
size_t json_value_end(const char *text, size_t size, size_t offset);

/* Steps along the text of a document that is correct. Behind spaces; behind the string, in quotes of either kind. */
size_t json_skip_space(const char *text, size_t size, size_t offset);
size_t json_skip_string(const char *text, size_t size, size_t offset);

struct text_place text_place(const char *text, size_t offset);
