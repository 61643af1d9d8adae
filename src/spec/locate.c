// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The walk along a JSON path; see locate.h. A path is found parent first: each step searches one object or array only,
 * and skips the values in it by counting brackets, so no depth of nesting costs stack. Of members with the same name
 * the last one counts, as in json-c's tree.
 */
#include "spec/locate.h"

#include <string.h>

#include <json-c/json.h>

struct text {
    const char *bytes;
    size_t size;
};

static char byte_at(struct text t, size_t at)
{
    return at < t.size ? t.bytes[at] : '\0';
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t skip_space(struct text t, size_t at)
{
    while (is_space(byte_at(t, at)))
        at++;
    return at;
}

/* json-c takes '...' for a member's name even when it is strict. */
static bool is_quote(char c)
{
    return c == '"' || c == '\'';
}

static size_t skip_string(struct text t, size_t at)
{
    char quote = byte_at(t, at++);

    while (at < t.size && t.bytes[at] != quote)
        at += t.bytes[at] == '\\' ? 2 : 1;
    return at < t.size ? at + 1 : t.size;
}

static size_t skip_word(struct text t, size_t at)
{
    while (at < t.size && !is_space(t.bytes[at]) && !strchr(",:[]{}\"'", t.bytes[at]))
        at++;
    return at;
}

/* One token; *DEPTH follows the brackets. Always moves on. */
static size_t skip_token(struct text t, size_t at, size_t *depth)
{
    char c = byte_at(t, at);

    if (is_quote(c))
        return skip_string(t, at);
    if (c == '{' || c == '[')
        (*depth)++;
    else if ((c == '}' || c == ']') && *depth > 0)
        (*depth)--;
    else if (c != ',' && c != ':' && c != '}' && c != ']')
        return skip_word(t, at);
    return at + 1;
}

static size_t skip_value(struct text t, size_t at)
{
    size_t depth = 0, next;

    do {
        next = skip_token(t, skip_space(t, at), &depth);
        if (next == at)
            break;
        at = next;
    } while (depth > 0 && at < t.size);
    return at;
}

/* A name with escapes is compared as json-c reads it. */
static bool escaped_name_is(const char *quoted, size_t length, const char *key)
{
    struct json_tokener *tokener = json_tokener_new();
    struct json_object *name = tokener ? json_tokener_parse_ex(tokener, quoted, (int) length) : NULL;
    bool same = json_object_is_type(name, json_type_string) && strcmp(json_object_get_string(name), key) == 0;

    json_object_put(name);
    if (tokener)
        json_tokener_free(tokener);
    return same;
}

/* Whether the quoted name from START to END (behind the closing quote) is KEY. */
static bool name_is(struct text t, size_t start, size_t end, const char *key)
{
    size_t length = end - start;

    if (length < 2)
        return false;
    if (memchr(t.bytes + start, '\\', length))
        return escaped_name_is(t.bytes + start, length, key);
    return strlen(key) == length - 2 && memcmp(t.bytes + start + 1, key, length - 2) == 0;
}

/* Behind a comma, or SIZE where the object or array ends. */
static size_t next_item(struct text t, size_t at)
{
    at = skip_space(t, at);
    return byte_at(t, at) == ',' ? skip_space(t, at + 1) : t.size;
}

static bool find_member(struct text t, size_t object, const char *key, size_t *ret_offset)
{
    size_t at = skip_space(t, object + 1);
    bool found = false;

    while (is_quote(byte_at(t, at))) {
        size_t end = skip_string(t, at);
        size_t colon = skip_space(t, end), value = skip_space(t, colon < t.size ? colon + 1 : colon);

        if (name_is(t, at, end, key)) {
            *ret_offset = value;
            found = true;
        }
        at = next_item(t, skip_value(t, value));
    }
    return found;
}

static bool find_element(struct text t, size_t array, size_t index, size_t *ret_offset)
{
    size_t at = skip_space(t, array + 1);

    while (at < t.size && index-- > 0)
        at = next_item(t, skip_value(t, at));
    if (at >= t.size)
        return false;
    *ret_offset = at;
    return true;
}

bool json_locate(const char *text, size_t size, const struct json_path *path, size_t *ret_offset)
{
    struct text t = { text, size };
    size_t parent;

    if (!path->parent) {
        *ret_offset = skip_space(t, 0);
        return true;
    }
    if (!json_locate(text, size, path->parent, &parent)) {
        *ret_offset = parent;
        return false;
    }
    *ret_offset = parent;
    if (path->key)
        return byte_at(t, parent) == '{' && find_member(t, parent, path->key, ret_offset);
    return byte_at(t, parent) == '[' && find_element(t, parent, path->index, ret_offset);
}

size_t json_value_end(const char *text, size_t size, size_t offset)
{
    return skip_value((struct text){ text, size }, offset);
}

size_t json_skip_space(const char *text, size_t size, size_t offset)
{
    return skip_space((struct text){ text, size }, offset);
}

size_t json_skip_string(const char *text, size_t size, size_t offset)
{
    return skip_string((struct text){ text, size }, offset);
}

struct text_place text_place(const char *text, size_t offset)
{
    struct text_place place = { 1, 1 };

    for (size_t i = 0; i < offset; i++) {
        if (text[i] == '\n')
            place = (struct text_place){ place.line + 1, 1 };
        else if (((unsigned char) text[i] & 0xc0) != 0x80)
            place.column++;
    }
    return place;
}
