// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Parsing; see parse.h. json-c is used in its strict mode. What it would take or tell badly is looked at before: an
 * empty document, a byte order mark, NUL bytes (it would stop there), text that is not UTF-8, more values than are worth
 * their memory; and afterwards control characters and halves of characters in strings, and what is no JSON outside.
 */
#include "spec/parse.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/utf8.h"
#include "spec/excerpt.h"
#include "spec/locate.h"

#define NAME_CHARACTERS 200 /* of the document's name in errors */

/* json-c takes about 900 bytes for an object, 200 for another value; a config with 100,000 mounts has 200,000 groups. */
#define GROUPS_LIMIT ((size_t) 300000) /* objects and arrays */
#define VALUES_LIMIT ((size_t) 2000000)

int document_error(struct error *err, const struct document *document, size_t offset, const char *format, ...)
{
    struct text_place place = text_place(document->text, offset);
    char name[NAME_CHARACTERS * 6 + 4], text[ERROR_TEXT_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    excerpt(name, sizeof name, document->name, strlen(document->name), NAME_CHARACTERS, 0);
    return error_set(err, -EINVAL, "%s:%zu:%zu: %s", name, place.line, place.column, text);
}

/* What json-c expected when it stopped. */
static const char *const expectations[] = {
    [json_tokener_error_depth] = NULL,
    [json_tokener_error_parse_null] = "expected null",
    [json_tokener_error_parse_boolean] = "expected true or false",
    [json_tokener_error_parse_number] = "malformed number",
    [json_tokener_error_parse_array] = "expected ',' or ']' after an element",
    [json_tokener_error_parse_object_key_name] = "expected a name in double quotes or '}'",
    [json_tokener_error_parse_object_key_sep] = "expected ':' after a name",
    [json_tokener_error_parse_object_value_sep] = "expected ',' or '}' after a value",
    [json_tokener_error_parse_string] = "malformed escape in a string",
};

static const char *expectation(enum json_tokener_error code)
{
    size_t n = sizeof expectations / sizeof expectations[0];

    return (size_t) code < n && expectations[code] ? expectations[code] : "expected a value";
}

static int error_at(struct error *err, const struct document *document, size_t at, const char *expected)
{
    size_t length = utf8_length(document->text + at, document->size - at);
    char found[EXCERPT_SIZE];

    excerpt(found, sizeof found, document->text + at, length ? length : 1, 1, 0);
    return document_error(err, document, at, "%s, found '%s'", expected, found);
}

/* Whether only white space and one document stand before AT: what follows a complete document is a case of its own. */
static bool is_behind(const struct document *document, size_t at)
{
    const struct json_path top = { 0 };
    size_t start, end;

    json_locate(document->text, document->size, &top, &start);
    end = json_value_end(document->text, document->size, start);
    return end <= at;
}

static int syntax_error(struct error *err, const struct document *document, enum json_tokener_error code, size_t at)
{
    if (code == json_tokener_error_depth)
        return document_error(err, document, at, "nested more than %d levels deep", PARSE_DEPTH);
    if (code == json_tokener_error_size)
        return error_errno(err, -ENOMEM, "%s", document->name);
    if (code == json_tokener_error_parse_eof || code == json_tokener_continue || at >= document->size)
        return document_error(err, document, document->size, "unexpected end of file");
    if (code == json_tokener_error_parse_unexpected && is_behind(document, at))
        return error_at(err, document, at, "expected the end of the file");
    return error_at(err, document, at, expectation(code));
}

static int check_text(const struct document *document, struct error *err)
{
    const char *text = document->text, *nul = memchr(text, '\0', document->size);
    size_t utf8 = utf8_check(text, document->size);

    if (strspn(text, " \t\r\n") == document->size)
        return document_error(err, document, 0, "empty file");
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
        return document_error(err, document, 0, "begins with a byte order mark, expected UTF-8 without one");
    if (nul)
        return document_error(err, document, (size_t) (nul - text), "a NUL byte");
    if (utf8 < document->size)
        return document_error(err, document, utf8, "not valid UTF-8");
    return 0;
}

/* Whether any byte is a control character, white space too: eight at a time, for a document in one line has none. */
static bool has_control(const struct document *document)
{
    const uint64_t ones = 0x0101010101010101u;
    const char *at = document->text, *end = at + document->size;
    uint64_t bytes;

    for (; (size_t) (end - at) >= sizeof bytes; at += sizeof bytes) {
        memcpy(&bytes, at, sizeof bytes);
        if ((bytes - 0x20 * ones) & ~bytes & 0x80 * ones)
            return true;
    }
    while (at < end && (unsigned char) *at >= 0x20)
        at++;
    return at < end;
}

/* Where a string holds an unescaped control character, which JSON forbids (RFC 8259, 7) and json-c takes; the size if
 * nowhere. The text is one document: every quote begins or ends a string. */
static size_t find_raw_control(const struct document *document)
{
    const char *text = document->text, *quote = text;
    size_t end = document->size, at;

    if (!has_control(document))
        return end;
    while ((quote = memchr(quote, '"', (size_t) (text + end - quote)))) {
        for (at = (size_t) (quote - text) + 1; at < end && text[at] != '"'; at++) {
            if ((unsigned char) text[at] < 0x20)
                return at;
            at += text[at] == '\\';
        }
        if (at >= end)
            break;
        quote = text + at + 1;
    }
    return end;
}

/* What may stand outside of strings: brackets, numbers, white space, and the letters of true, false and null. */
static const bool is_structure[UCHAR_MAX + 1] = {
    ['{'] = true, ['}'] = true,  ['['] = true,  [']'] = true,  [','] = true, [':'] = true,
    ['-'] = true, ['+'] = true,  ['.'] = true,  ['e'] = true,  ['E'] = true, ['0' ... '9'] = true,
    [' '] = true, ['\t'] = true, ['\n'] = true, ['\r'] = true, ['t'] = true, ['r'] = true,
    ['u'] = true, ['f'] = true,  ['a'] = true,  ['l'] = true,  ['s'] = true, ['n'] = true,
};

/* Values are told by their commas, and the first of each object and array by its bracket: an empty one counts as two. */
struct count {
    size_t values, groups;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Whether the digit at AT is the first one of a number, not of its fraction or exponent. */
static bool is_first_digit(const char *text, size_t at)
{
    size_t sign = at > 0 && text[at - 1] == '-';

    return at == sign || !strchr("0123456789.eE+", text[at - sign - 1]);
}

/* Of what json-c takes: "1.", "-.5", "00". A NUL is behind the text. */
static bool is_bad_number(const char *text, size_t at)
{
    if (text[at] == '.')
        return at == 0 || !is_digit(text[at - 1]) || !is_digit(text[at + 1]);
    return text[at] == '0' && is_digit(text[at + 1]) && is_first_digit(text, at);
}

static enum json_tokener_error character_problem(const char *text, size_t at)
{
    if (text[at] == '\'')
        return json_tokener_error_parse_object_key_name;
    if (!is_structure[(unsigned char) text[at]])
        return json_tokener_error_parse_unexpected;
    return is_bad_number(text, at) ? json_tokener_error_parse_number : json_tokener_success;
}

/* One character outside of strings, and no quote. */
static int check_character(const struct document *document, size_t at, struct count *count, struct error *err)
{
    const char *text = document->text;
    enum json_tokener_error problem = character_problem(text, at);
    bool opens = text[at] == '{' || text[at] == '[';

    if (problem != json_tokener_success)
        return error_at(err, document, at, expectation(problem));
    count->groups += opens;
    count->values += opens || text[at] == ',';
    if (count->groups > GROUPS_LIMIT)
        return document_error(err, document, at, "more than %zu objects and arrays", GROUPS_LIMIT);
    if (count->values > VALUES_LIMIT)
        return document_error(err, document, at, "more than %zu values", VALUES_LIMIT);
    return 0;
}

/* What json-c takes outside of strings although it is no JSON: 'names', NaN, "1."; and too many values. */
static int check_structure(const struct document *document, struct error *err)
{
    struct count count = { 0 };
    int r = 0;

    for (size_t at = 0; r == 0 && at < document->size;) {
        if (document->text[at] == '"')
            at = json_skip_string(document->text, document->size, at);
        else
            r = check_character(document, at++, &count, err);
    }
    return r;
}

/* Before json-c makes hundreds of bytes of each value. A text that is too short for too many is not looked at. */
static int check_size(const struct document *document, struct error *err)
{
    return document->size > 2 * GROUPS_LIMIT ? check_structure(document, err) : 0;
}

/* The 16 bits of the escape "\uXXXX" at P, 0 if there is none. */
static unsigned escaped_unit(const char *p, const char *end)
{
    char digits[5] = "";

    if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
        return 0;
    memcpy(digits, p + 2, 4);
    return (unsigned) strtoul(digits, NULL, 16);
}

/* Where a half of a surrogate pair is escaped without the other one, for which json-c puts U+FFFD: the name would not
 * be the one that was written. The size if nowhere. */
static size_t find_lone_surrogate(const struct document *document)
{
    const char *at = document->text, *end = at + document->size;

    while ((at = memchr(at, '\\', (size_t) (end - at)))) {
        unsigned kind = escaped_unit(at, end) & 0xfc00;

        if (kind == 0xdc00 || (kind == 0xd800 && (escaped_unit(at + 6, end) & 0xfc00) != 0xdc00))
            return (size_t) (at - document->text);
        at += kind == 0xd800 ? 12 : 2; /* over the pair, or the escaped character: it may be a backslash */
    }
    return document->size;
}

/* What json-c takes although it is no text. */
static int check_strings(const struct document *document, struct error *err)
{
    size_t control = find_raw_control(document), half = find_lone_surrogate(document);

    if (control < document->size)
        return document_error(err, document, control, "a control character in a string, expected \\u%04x",
                              document->text[control]);
    if (half < document->size)
        return document_error(err, document, half, "half of a surrogate pair in a string");
    return 0;
}

static void tokener_freep(struct json_tokener **tokener)
{
    if (*tokener)
        json_tokener_free(*tokener);
}

int document_parse(const struct document *document, struct json_object **ret_tree, struct error *err)
{
    _cleanup_(tokener_freep) struct json_tokener *tokener = json_tokener_new_ex(PARSE_DEPTH);
    enum json_tokener_error code;
    struct json_object *tree;
    int r = check_text(document, err);

    if (r >= 0)
        r = check_size(document, err);
    if (r < 0)
        return r;
    if (!tokener)
        return error_errno(err, -ENOMEM, "%s", document->name);
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    /* The NUL behind the text is part of the input: it tells json-c that nothing follows. */
    tree = json_tokener_parse_ex(tokener, document->text, (int) document->size + 1);
    code = json_tokener_get_error(tokener);
    if (code != json_tokener_success) {
        json_object_put(tree);
        return syntax_error(err, document, code, json_tokener_get_parse_end(tokener));
    }
    r = check_structure(document, err);
    if (r >= 0)
        r = check_strings(document, err);
    if (r < 0) {
        json_object_put(tree);
        return r;
    }
    *ret_tree = tree;
    return 0;
}

size_t document_find_nul(const struct document *document)
{
    const char *at = document->text, *end = at + document->size;

    while ((at = memchr(at, '\\', (size_t) (end - at)))) {
        if (end - at < 6)
            break;
        if (memcmp(at, "\\u0000", 6) == 0)
            return (size_t) (at - document->text);
        at += 2; /* over the escaped character: it may be a backslash */
    }
    return document->size;
}
