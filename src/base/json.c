// SPDX-License-Identifier: LGPL-2.1-or-later
/* The JSON writer; see json.h. Strings are copied in runs: only a byte that needs care interrupts a run. */
#include "base/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static bool reserve(struct json_writer *w, size_t more)
{
    size_t wanted = w->capacity ? w->capacity : 1024;
    char *larger;

    if (w->failed)
        return false;
    if (more < w->capacity - w->size)
        return true;
    while (wanted - w->size <= more)
        wanted *= 2;
    larger = realloc(w->text, wanted);
    if (!larger) {
        w->failed = true;
        return false;
    }
    w->text = larger;
    w->capacity = wanted;
    return true;
}

static void put(struct json_writer *w, const char *bytes, size_t n)
{
    if (n == 0 || !reserve(w, n))
        return;
    memcpy(w->text + w->size, bytes, n);
    w->size += n;
}

static void put_text(struct json_writer *w, const char *text)
{
    put(w, text, strlen(text));
}

static void put_line_break(struct json_writer *w)
{
    if (!w->indent)
        return;
    put_text(w, "\n");
    for (unsigned i = 0; i < w->depth; i++)
        put_text(w, w->indent);
}

/* What stands before a value or a key: nothing behind a key, else a comma if needed and the line break. */
static void put_separator(struct json_writer *w)
{
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (!w->empty)
        put_text(w, ",");
    w->empty = false;
    if (w->depth > 0)
        put_line_break(w);
}

static void put_control(struct json_writer *w, unsigned char c)
{
    static const char letters[32] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r' };
    char escape[8];

    if (c < 32 && letters[c])
        snprintf(escape, sizeof escape, "\\%c", letters[c]);
    else
        snprintf(escape, sizeof escape, "\\u%04x", c);
    put_text(w, escape);
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Write the character at P, which is not plain; returns how many bytes it had. */
static size_t put_special(struct json_writer *w, const char *p, size_t left)
{
    unsigned char c = (unsigned char) *p;
    size_t n;

    if (c == '"' || c == '\\') {
        put_text(w, "\\");
        put(w, p, 1);
        return 1;
    }
    if (c < 0x80) {
        put_control(w, c);
        return 1;
    }
    n = utf8_length(p, left);
    if (n > 0)
        put(w, p, n);
    else
        put_text(w, "\xef\xbf\xbd");
    return n > 0 ? n : 1;
}

static void put_quoted(struct json_writer *w, const char *value, size_t length)
{
    size_t start = 0, i = 0;

    put_text(w, "\"");
    while (i < length) {
        if (is_plain((unsigned char) value[i])) {
            i++;
            continue;
        }
        put(w, value + start, i - start);
        i += put_special(w, value + i, length - i);
        start = i;
    }
    put(w, value + start, length - start);
    put_text(w, "\"");
}

static void put_scalar(struct json_writer *w, const char *text)
{
    put_separator(w);
    put_text(w, text);
}

static void begin(struct json_writer *w, const char *bracket)
{
    put_scalar(w, bracket);
    w->depth++;
    w->empty = true;
}

static void end(struct json_writer *w, const char *bracket)
{
    w->depth--;
    if (!w->empty)
        put_line_break(w);
    put_text(w, bracket);
    w->empty = false;
}

void jw_init(struct json_writer *w, const char *indent)
{
    *w = (struct json_writer){ .indent = indent, .empty = true };
}

void jw_done(struct json_writer *w)
{
    free(w->text);
    *w = (struct json_writer){ 0 };
}

void jw_object_begin(struct json_writer *w)
{
    begin(w, "{");
}

void jw_object_end(struct json_writer *w)
{
    end(w, "}");
}

void jw_array_begin(struct json_writer *w)
{
    begin(w, "[");
}

void jw_array_end(struct json_writer *w)
{
    end(w, "]");
}

void jw_key(struct json_writer *w, const char *key)
{
    put_separator(w);
    put_quoted(w, key, strlen(key));
    put_text(w, w->indent ? ": " : ":");
    w->after_key = true;
}

void jw_string(struct json_writer *w, const char *value)
{
    if (value)
        jw_string_n(w, value, strlen(value));
    else
        jw_null(w);
}

void jw_string_n(struct json_writer *w, const char *value, size_t length)
{
    put_separator(w);
    put_quoted(w, value, length);
}

void jw_int(struct json_writer *w, int64_t value)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%" PRId64, value);
    put_scalar(w, digits);
}

void jw_uint(struct json_writer *w, uint64_t value)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%" PRIu64, value);
    put_scalar(w, digits);
}

void jw_bool(struct json_writer *w, bool value)
{
    put_scalar(w, value ? "true" : "false");
}

void jw_null(struct json_writer *w)
{
    put_scalar(w, "null");
}

void jw_raw(struct json_writer *w, const char *json, size_t size)
{
    put_separator(w);
    put(w, json, size);
}

void jw_member_string(struct json_writer *w, const char *key, const char *value)
{
    jw_key(w, key);
    jw_string(w, value);
}

void jw_member_int(struct json_writer *w, const char *key, int64_t value)
{
    jw_key(w, key);
    jw_int(w, value);
}

void jw_member_uint(struct json_writer *w, const char *key, uint64_t value)
{
    jw_key(w, key);
    jw_uint(w, value);
}

void jw_member_bool(struct json_writer *w, const char *key, bool value)
{
    jw_key(w, key);
    jw_bool(w, value);
}

void jw_member_strings(struct json_writer *w, const char *key, const char *const *values, size_t n)
{
    jw_key(w, key);
    jw_array_begin(w);
    for (size_t i = 0; i < n; i++)
        jw_string(w, values[i]);
    jw_array_end(w);
}

void jw_newline(struct json_writer *w)
{
    put_text(w, "\n");
    w->empty = true;
}

int jw_finish(struct json_writer *w, const char **ret_text, size_t *ret_size)
{
    if (!reserve(w, 1))
        return -ENOMEM;
    w->text[w->size] = '\0';
    if (ret_text)
        *ret_text = w->text;
    if (ret_size)
        *ret_size = w->size;
    return 0;
}
