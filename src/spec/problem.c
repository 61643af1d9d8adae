// SPDX-License-Identifier: LGPL-2.1-or-later
/* Composing the decoder's errors; see problem.h. Only here the text is searched for positions. */
#include "spec/problem.h"

#include <stdio.h>
#include <string.h>

#include "spec/excerpt.h"
#include "spec/parse.h"

#define PATH_SIZE 1024 /* cut when longer */

__attribute__((format(printf, 4, 5))) static size_t add(char *buffer, size_t size, size_t used, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(buffer + used, size - used, format, args);
    va_end(args);
    return used + (size_t) n < size ? used + (size_t) n : size - 1;
}

static size_t add_path(const struct json_path *path, char *buffer, size_t size)
{
    char key[EXCERPT_SIZE];
    size_t used;

    if (!path->parent) {
        buffer[0] = '\0';
        return 0;
    }
    used = add_path(path->parent, buffer, size);
    if (path->name)
        return add(buffer, size, used, "%s%s", used ? "." : "", path->name);
    if (!path->key)
        return add(buffer, size, used, "[%zu]", path->index);
    excerpt(key, sizeof key, path->key, strlen(path->key), EXCERPT_CHARACTERS, '"');
    return add(buffer, size, used, "[\"%s\"]", key);
}

const char *path_text(const struct json_path *path, char *buffer, size_t size)
{
    add_path(path, buffer, size);
    return buffer;
}

void problem(struct decoder *decoder, const struct json_path *path, const char *format, ...)
{
    char text[ERROR_TEXT_SIZE], where[PATH_SIZE];
    struct error reported;
    size_t offset;
    va_list args;

    if (!decoder_goes_on(decoder))
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    path_text(path, where, sizeof where);
    json_locate(decoder->document->text, decoder->document->size, path, &offset);
    document_error(decoder->report ? &reported : decoder->err, decoder->document, offset, "%s%s%s", where,
                   where[0] ? ": " : "", text);
    if (decoder->report)
        decoder->report(decoder->userdata, &reported);
    decoder->n_problems++;
}

/* A number as the document spells it: json-c's own idea of it may be rounded or clamped. */
static void describe_number(const struct decoder *decoder, const struct json_path *path, char *out, size_t size)
{
    const struct document *document = decoder->document;
    size_t start, end;

    json_locate(document->text, document->size, path, &start);
    end = json_value_end(document->text, document->size, start);
    excerpt(out, size, document->text + start, end - start, EXCERPT_CHARACTERS, 0);
}

static void describe_string(struct json_object *value, char *out, size_t size)
{
    char text[EXCERPT_SIZE];

    excerpt(text, sizeof text, json_object_get_string(value), (size_t) json_object_get_string_len(value),
            EXCERPT_CHARACTERS, '"');
    snprintf(out, size, "\"%s\"", text);
}

static void describe(const struct decoder *decoder, const struct json_path *path, struct json_object *value, char *out,
                     size_t size)
{
    switch (json_object_get_type(value)) {
    case json_type_null:
        snprintf(out, size, "null");
        break;
    case json_type_boolean:
        snprintf(out, size, "%s", json_object_get_boolean(value) ? "true" : "false");
        break;
    case json_type_double:
    case json_type_int:
        describe_number(decoder, path, out, size);
        break;
    case json_type_object:
        snprintf(out, size, "an object");
        break;
    case json_type_array:
        snprintf(out, size, "an array");
        break;
    case json_type_string:
        describe_string(value, out, size);
        break;
    }
}

void problem_expected(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                      const char *expected, ...)
{
    char text[ERROR_TEXT_SIZE / 2], found[EXCERPT_SIZE + 2];
    va_list args;

    if (!decoder_goes_on(decoder))
        return;
    va_start(args, expected);
    vsnprintf(text, sizeof text, expected, args);
    va_end(args);
    describe(decoder, path, value, found, sizeof found);
    problem(decoder, path, "expected %s, found %s", text, found);
}
