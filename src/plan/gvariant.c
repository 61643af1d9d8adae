// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Two passes of one recursion: without a sink it finds out the type of what comes and goes past it; with one the type is
 * known, and values are handed over as it wants them. Nesting is limited as D-Bus limits it.
 */
#include "plan/gvariant.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_LIMIT = 32, STRING_LIMIT = 8192 };

struct reader {
    const char *at;
    const struct gvariant_sink *sink; /* NULL: only looking */
    struct error *err;
    int depth;
};

static const struct {
    const char *name;
    char type;
} keywords[] = {
    {"boolean",     'b'},
    { "byte",       'y'},
    { "int16",      'n'},
    { "uint16",     'q'},
    { "int32",      'i'},
    { "uint32",     'u'},
    { "handle",     'h'},
    { "int64",      'x'},
    { "uint64",     't'},
    { "double",     'd'},
    { "string",     's'},
    { "objectpath", 'o'},
    { "signature",  'g'},
};

/* What integers of a type can be. */
static const struct {
    char type;
    int64_t minimum;
    uint64_t maximum;
} ranges[] = {
    {'y',  0,         UINT8_MAX },
    { 'n', INT16_MIN, INT16_MAX },
    { 'q', 0,         UINT16_MAX},
    { 'i', INT32_MIN, INT32_MAX },
    { 'u', 0,         UINT32_MAX},
    { 'h', 0,         INT32_MAX },
    { 'x', INT64_MIN, INT64_MAX },
    { 't', 0,         UINT64_MAX},
};

static int value(struct reader *r, const char *expected, char *ret_type);

static int fail(const struct reader *r, const char *expected)
{
    return error_set(r->err, -EINVAL, "expected %s at \"%.40s\"", expected, r->at);
}

static void skip_blanks(struct reader *r)
{
    r->at += strspn(r->at, " \t\n");
}

/* Whether CHARACTER comes next; then it is gone past. */
static bool take(struct reader *r, char character)
{
    skip_blanks(r);
    if (*r->at != character)
        return false;
    r->at++;
    return true;
}

static bool is_word(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9');
}

static bool take_word(struct reader *r, const char *word)
{
    size_t length = strlen(word);

    if (strncmp(r->at, word, length) != 0 || is_word(r->at[length]))
        return false;
    r->at += length;
    return true;
}

/* ---- types ---- */

/* The length of the first complete type of SIGNATURE, 0 if there is none. */
static size_t type_length(const char *signature, int depth)
{
    size_t length = 1;

    if (depth > DEPTH_LIMIT || !*signature)
        return 0;
    if (*signature == 'a') {
        size_t element = type_length(signature + 1, depth + 1);

        return element ? 1 + element : 0;
    }
    if (*signature != '(' && *signature != '{')
        return strchr("bynqiuhxtdsogv", *signature) ? 1 : 0;
    while (signature[length] && signature[length] != ')' && signature[length] != '}') {
        size_t member = type_length(signature + length, depth + 1);

        if (!member)
            return 0;
        length += member;
    }
    return signature[length] == (*signature == '(' ? ')' : '}') && length > 1 ? length + 1 : 0;
}

static int type_add(const struct reader *r, char *type, const char *more, size_t length)
{
    size_t have = strlen(type);

    if (have + length >= GVARIANT_SIGNATURE_SIZE)
        return error_set(r->err, -EINVAL, "the type is too long");
    memcpy(type + have, more, length);
    type[have + length] = '\0';
    return 0;
}

static bool type_is(const char *expected, char type)
{
    return !expected || *expected == type;
}

/* ---- basic values ---- */

static int give(const struct reader *r, char type, const void *value_)
{
    int code = r->sink ? r->sink->basic(r->sink->userdata, type, value_) : 0;

    return code < 0 ? error_errno(r->err, code, "value of type \"%c\"", type) : 0;
}

static int open_(const struct reader *r, char type, const char *contents)
{
    int code = r->sink ? r->sink->open(r->sink->userdata, type, contents) : 0;

    return code < 0 ? error_errno(r->err, code, "container of \"%s\"", contents) : 0;
}

static int close_(const struct reader *r)
{
    int code = r->sink ? r->sink->close(r->sink->userdata) : 0;

    return code < 0 ? error_errno(r->err, code, "end of a container") : 0;
}

/* Digits with a sign into the 64 bits of TYPE's number. */
static int integer(struct reader *r, char type, uint64_t *ret)
{
    bool negative = *r->at == '-';
    const char *digits = r->at + (*r->at == '-' || *r->at == '+');
    uint64_t number;
    char *end;
    size_t i = 0;

    while (i < sizeof ranges / sizeof ranges[0] && ranges[i].type != type)
        i++;
    errno = 0;
    number = *digits >= '0' && *digits <= '9' ? strtoull(digits, &end, 0) : (errno = EINVAL, 0);
    if (errno || is_word(*end) || i == sizeof ranges / sizeof ranges[0])
        return fail(r, "a number");
    if (number > (negative ? (uint64_t) - (ranges[i].minimum + 1) + 1 : ranges[i].maximum))
        return fail(r, "a number that its type can hold");
    r->at = end;
    *ret = negative ? 0 - number : number;
    return 0;
}

static int real(struct reader *r)
{
    char *end;
    double number = strtod(r->at, &end);

    if (end == r->at)
        return fail(r, "a number");
    r->at = end;
    return give(r, 'd', &number);
}

/* As the type's own width: D-Bus libraries read as many bytes as it has. */
static int give_integer(struct reader *r, char type)
{
    uint64_t number;
    int code = integer(r, type, &number);
    uint8_t byte = (uint8_t) number;
    uint16_t half = (uint16_t) number;
    uint32_t word = (uint32_t) number;

    if (code < 0)
        return code;
    switch (type) {
    case 'y':
        return give(r, type, &byte);
    case 'n':
    case 'q':
        return give(r, type, &half);
    case 'i':
    case 'u':
    case 'h':
        return give(r, type, &word);
    default:
        return give(r, type, &number);
    }
}

static bool has_point(const char *text)
{
    size_t length = strspn(text, "+-0123456789.eExXabcdfABCDF");

    return memchr(text, '.', length) || (strncmp(text, "0x", 2) != 0 && memchr(text, 'e', length));
}

static int number(struct reader *r, const char *expected, char *ret_type)
{
    char type = expected ? *expected : has_point(r->at) ? 'd' : 'i';

    if (type_add(r, ret_type, &type, 1) < 0)
        return -EINVAL;
    return type == 'd' ? real(r) : give_integer(r, type);
}

static int truth(struct reader *r, const char *expected, int is, char *ret_type)
{
    if (!type_is(expected, 'b'))
        return fail(r, "another type than a boolean before this");
    return type_add(r, ret_type, "b", 1) < 0 ? -EINVAL : give(r, 'b', &is);
}

/* ---- strings ---- */

static char unescape(char character)
{
    switch (character) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'v':
        return '\v';
    default:
        return character; /* quotes and the backslash itself */
    }
}

static int quoted(struct reader *r, char text[STRING_LIMIT])
{
    char quote = *r->at;
    size_t n = 0;

    for (r->at++; *r->at != quote; r->at++) {
        if (*r->at == '\\')
            r->at++;
        if (!*r->at)
            return fail(r, "the end of the text");
        if (n + 1 == STRING_LIMIT)
            return error_set(r->err, -EINVAL, "a text is longer than %d bytes", STRING_LIMIT - 1);
        text[n++] = r->at[-1] == '\\' ? unescape(*r->at) : *r->at;
    }
    r->at++;
    text[n] = '\0';
    return 0;
}

static int string(struct reader *r, const char *expected, char *ret_type)
{
    char text[STRING_LIMIT], type = expected ? *expected : 's';
    int code = strchr("sog", type) ? quoted(r, text) : fail(r, "another type than a text before this");

    if (code >= 0)
        code = type_add(r, ret_type, &type, 1);
    return code < 0 ? code : give(r, type, text);
}

/* b'...': an array of bytes with a zero at its end. */
static int bytes(struct reader *r, const char *expected, char *ret_type)
{
    char text[STRING_LIMIT];
    int code;

    if (expected && strncmp(expected, "ay", 2) != 0)
        return fail(r, "another type than bytes before this");
    r->at++;
    code = quoted(r, text);
    if (code >= 0)
        code = type_add(r, ret_type, "ay", 2);
    if (code >= 0)
        code = open_(r, 'a', "y");
    for (size_t i = 0; code >= 0 && i <= strlen(text); i++)
        code = give(r, 'y', &text[i]);
    return code < 0 ? code : close_(r);
}

/* ---- containers ---- */

/* The type of what comes, which is not gone past. */
static int look(const struct reader *r, char type[GVARIANT_SIGNATURE_SIZE])
{
    struct reader ahead = { r->at, NULL, r->err, r->depth };

    type[0] = '\0';
    return value(&ahead, NULL, type);
}

/* One entry "KEY: VALUE" of a dictionary, whose type is ELEMENT, "{kv}". */
static int entry(struct reader *r, const char *element, char *ret_type)
{
    char key[2] = { element[1], '\0' }, rest[GVARIANT_SIGNATURE_SIZE] = "", ignored[GVARIANT_SIGNATURE_SIZE] = "";
    int code;

    (void) ret_type;
    if (type_add(r, rest, element + 1, strlen(element) - 2) < 0)
        return -EINVAL;
    code = open_(r, 'e', rest);
    if (code >= 0)
        code = value(r, key, ignored);
    if (code >= 0 && !take(r, ':'))
        code = fail(r, "\":\"");
    ignored[0] = '\0';
    if (code >= 0)
        code = value(r, rest + 1, ignored);
    return code < 0 ? code : close_(r);
}

/* The type of a dictionary's entries out of its first one. */
static int look_entry(const struct reader *r, char type[GVARIANT_SIGNATURE_SIZE])
{
    struct reader ahead = { r->at, NULL, r->err, r->depth };
    int code;

    strcpy(type, "{");
    code = value(&ahead, NULL, type);
    if (code >= 0 && (strlen(type) != 2 || !strchr("bynqiuhxtdsog", type[1]) || !take(&ahead, ':')))
        code = fail(&ahead, "\"key: value\"");
    if (code >= 0)
        code = value(&ahead, NULL, type);
    return code < 0 ? code : type_add(r, type, "}", 1);
}

/* Elements up to END, separated by commas. */
static int elements(struct reader *r, char end, const char *type,
                    int (*one)(struct reader *r, const char *type, char *ret_type))
{
    int code = 0;

    if (take(r, end))
        return 0;
    do {
        char ignored[GVARIANT_SIGNATURE_SIZE] = "";

        code = one(r, type, ignored);
    } while (code >= 0 && take(r, ','));
    if (code >= 0 && !take(r, end))
        code = fail(r, end == ']' ? "\",\" or \"]\"" : "\",\" or \"}\"");
    return code;
}

static int array(struct reader *r, const char *expected, char *ret_type)
{
    bool dictionary = *r->at == '{';
    char type[GVARIANT_SIGNATURE_SIZE] = "", end = dictionary ? '}' : ']';
    int code = 0;

    if (!type_is(expected, 'a') || (expected && (expected[1] == '{') != dictionary))
        return fail(r, "another type than an array before this");
    r->at++;
    skip_blanks(r);
    if (expected)
        code = type_add(r, type, expected + 1, type_length(expected + 1, 0));
    else if (*r->at == end)
        code = error_set(r->err, -EINVAL, "the type of an empty array is not known: write \"@as []\"");
    else
        code = dictionary ? look_entry(r, type) : look(r, type);
    if (code >= 0)
        code = type_add(r, ret_type, "a", 1);
    if (code >= 0)
        code = type_add(r, ret_type, type, strlen(type));
    if (code >= 0)
        code = open_(r, 'a', type);
    if (code >= 0)
        code = elements(r, end, type, dictionary ? entry : value);
    return code < 0 ? code : close_(r);
}

/* The members of a tuple; their types are looked at before it is opened, for that wants to know them. */
static int members(struct reader *r, const char *expected, char *ret_type)
{
    int code = 0;

    do {
        const char *before = ret_type + strlen(ret_type);

        skip_blanks(r);
        if (*r->at == ')')
            break;
        if (expected && !*expected)
            return fail(r, "the end of the tuple");
        code = value(r, expected, ret_type);
        expected = expected ? expected + strlen(before) : NULL;
    } while (code >= 0 && take(r, ','));
    return code >= 0 && !take(r, ')') ? fail(r, "\",\" or \")\"") : code;
}

static int tuple(struct reader *r, const char *expected, char *ret_type)
{
    char type[GVARIANT_SIGNATURE_SIZE] = "", ignored[GVARIANT_SIGNATURE_SIZE] = "";
    struct reader ahead;
    int code;

    if (!type_is(expected, '('))
        return fail(r, "another type than a tuple before this");
    r->at++;
    ahead = (struct reader){ r->at, NULL, r->err, r->depth };
    code = expected ? type_add(r, type, expected + 1, type_length(expected, 0) - 2) : members(&ahead, NULL, type);
    if (code >= 0 && !type[0])
        code = fail(r, "a member of the tuple");
    if (code >= 0)
        code = open_(r, 'r', type);
    if (code >= 0)
        code = members(r, type, ignored);
    if (code >= 0 && strcmp(type, ignored) != 0)
        code = error_set(r->err, -EINVAL, "a tuple of \"%s\" has members \"%s\"", type, ignored);
    if (code >= 0)
        code = close_(r);
    if (code >= 0)
        code = type_add(r, ret_type, "(", 1);
    if (code >= 0)
        code = type_add(r, ret_type, type, strlen(type));
    return code < 0 ? code : type_add(r, ret_type, ")", 1);
}

static int variant(struct reader *r, const char *expected, char *ret_type)
{
    char type[GVARIANT_SIGNATURE_SIZE], ignored[GVARIANT_SIGNATURE_SIZE] = "";
    int code;

    if (!type_is(expected, 'v'))
        return fail(r, "another type than a variant before this");
    r->at++;
    code = look(r, type);
    if (code >= 0)
        code = open_(r, 'v', type);
    if (code >= 0)
        code = value(r, type, ignored);
    if (code >= 0 && !take(r, '>'))
        code = fail(r, "\">\"");
    if (code >= 0)
        code = type_add(r, ret_type, "v", 1);
    return code < 0 ? code : close_(r);
}

/* ---- one value ---- */

static int typed(struct reader *r, const char *type, const char *expected, char *ret_type)
{
    if (expected && strncmp(expected, type, strlen(type)) != 0)
        return fail(r, "another type before this");
    return value(r, type, ret_type);
}

static int annotated(struct reader *r, const char *expected, char *ret_type)
{
    char type[GVARIANT_SIGNATURE_SIZE] = "";
    size_t length = type_length(++r->at, 0);

    if (!length || *r->at == '{')
        return fail(r, "a type like \"as\"");
    if (type_add(r, type, r->at, length) < 0)
        return -EINVAL;
    r->at += length;
    return typed(r, type, expected, ret_type);
}

static int word(struct reader *r, const char *expected, char *ret_type)
{
    if (take_word(r, "true"))
        return truth(r, expected, 1, ret_type);
    if (take_word(r, "false"))
        return truth(r, expected, 0, ret_type);
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        const char type[2] = { keywords[i].type, '\0' };

        if (take_word(r, keywords[i].name))
            return typed(r, type, expected, ret_type);
    }
    return fail(r, "a value");
}

static int any(struct reader *r, const char *expected, char *ret_type)
{
    skip_blanks(r);
    switch (*r->at) {
    case '\'':
    case '"':
        return string(r, expected, ret_type);
    case '[':
    case '{':
        return array(r, expected, ret_type);
    case '(':
        return tuple(r, expected, ret_type);
    case '<':
        return variant(r, expected, ret_type);
    case '@':
        return annotated(r, expected, ret_type);
    case 'b':
        if (r->at[1] == '\'' || r->at[1] == '"')
            return bytes(r, expected, ret_type);
        break;
    default:
        break;
    }
    if (*r->at && strchr("+-.0123456789", *r->at))
        return number(r, expected, ret_type);
    return word(r, expected, ret_type);
}

/* The next value, of type EXPECTED (the first of a signature; NULL: it says itself); its type is appended to RET_TYPE. */
static int value(struct reader *r, const char *expected, char *ret_type)
{
    int code;

    if (++r->depth > DEPTH_LIMIT)
        return error_set(r->err, -EINVAL, "nested too deeply");
    code = any(r, expected, ret_type);
    r->depth--;
    return code;
}

static int whole(struct reader *r, const char *expected, char type[GVARIANT_SIGNATURE_SIZE])
{
    int code;

    type[0] = '\0';
    code = value(r, expected, type);
    skip_blanks(r);
    return code >= 0 && *r->at ? fail(r, "the end of the value") : code;
}

int gvariant_signature(const char *text, char signature[GVARIANT_SIGNATURE_SIZE], struct error *err)
{
    struct reader r = { text, NULL, err, 0 };

    return whole(&r, NULL, signature);
}

int gvariant_walk(const char *text, const struct gvariant_sink *sink, struct error *err)
{
    char type[GVARIANT_SIGNATURE_SIZE], again[GVARIANT_SIGNATURE_SIZE];
    struct reader r = { text, sink, err, 0 };
    int code = gvariant_signature(text, type, err);

    return code < 0 ? code : whole(&r, type, again);
}
