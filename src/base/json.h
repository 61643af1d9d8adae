// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Writing JSON: a stream of calls into one growing buffer. Commas, indentation and escapes are the writer's business,
 * so that what it makes is valid whatever strings it is given: control characters are escaped, bytes that are not
 * UTF-8 become U+FFFD (annotations and paths of a container are anybody's bytes).
 *
 * The writer is sticky: when memory runs out the following calls do nothing and jw_finish says -ENOMEM. The caller
 * pairs begin and end and gives a key before each member of an object; that is his to get right, not checked here.
 *
 *     _cleanup_(jw_done) struct json_writer w;
 *
 *     jw_init(&w, "\t");
 *     jw_object_begin(&w);
 *     jw_member_string(&w, "id", id);
 *     jw_key(&w, "pids");
 *     jw_array_begin(&w);
 *     ...
 *     jw_array_end(&w);
 *     jw_object_end(&w);
 *     r = jw_finish(&w, &text, &size);
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_writer {
    char *text; /* malloc'd; NUL-terminated only after jw_finish */
    size_t size, capacity;
    const char *indent; /* one level of indentation; NULL: everything on one line */
    unsigned depth;
    bool empty;     /* nothing was written since the last begin: no comma, and `{}` in one piece */
    bool after_key; /* the next value belongs to a key on the same line */
    bool failed;
};

/* Start; INDENT is one level of pretty printing ("\t", "  "), NULL for one line. Allocates nothing. */
void jw_init(struct json_writer *w, const char *indent);
void jw_done(struct json_writer *w);

void jw_object_begin(struct json_writer *w);
void jw_object_end(struct json_writer *w);
void jw_array_begin(struct json_writer *w);
void jw_array_end(struct json_writer *w);

/* The name of the next member. */
void jw_key(struct json_writer *w, const char *key);

/* Values. A NULL string is written as null. */
void jw_string(struct json_writer *w, const char *value);
void jw_string_n(struct json_writer *w, const char *value, size_t length);
void jw_int(struct json_writer *w, int64_t value);
void jw_uint(struct json_writer *w, uint64_t value);
void jw_bool(struct json_writer *w, bool value);
void jw_null(struct json_writer *w);
/* SIZE bytes of JSON text as one value, unchanged: it must be valid by itself. */
void jw_raw(struct json_writer *w, const char *json, size_t size);

/* Key and value in one call. */
void jw_member_string(struct json_writer *w, const char *key, const char *value);
void jw_member_int(struct json_writer *w, const char *key, int64_t value);
void jw_member_uint(struct json_writer *w, const char *key, uint64_t value);
void jw_member_bool(struct json_writer *w, const char *key, bool value);
/* An array of strings; N == 0 gives []. */
void jw_member_strings(struct json_writer *w, const char *key, const char *const *values, size_t n);

/* A line feed between or after documents (JSON lines); the next value starts afresh, without a comma. */
void jw_newline(struct json_writer *w);

/* The text so far, NUL-terminated, still owned by the writer (jw_done frees it). -ENOMEM when memory ran out. Either
 * result pointer may be NULL. */
int jw_finish(struct json_writer *w, const char **ret_text, size_t *ret_size);
