// SPDX-License-Identifier: LGPL-2.1-or-later
/* Filling, prefixing and spelling errors; see error.h for the rule. */
#include "base/error.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* A path may have 4095 bytes, and what is wrong with it stands behind: of what is longer than PIECE_MAX between two quotes
 * only the ends are told. */
enum { PIECE_MAX = 512, PIECE_END = 250, LONG_TEXT_SIZE = 16384 };

static bool is_inside_character(const char *text)
{
    return ((unsigned char) *text & 0xc0) == 0x80;
}

/* LENGTH bytes of TEXT behind the first AT bytes of what ERR says; returns how many there are then. */
static size_t put_piece(struct error *err, size_t at, const char *text, size_t length)
{
    size_t room = sizeof err->text - at, head = length, tail = 0;
    int n;

    if (length > PIECE_MAX) {
        for (head = PIECE_END; is_inside_character(text + head);)
            head--;
        for (tail = PIECE_END; is_inside_character(text + length - tail);)
            tail--;
    }
    n = snprintf(err->text + at, room, "%.*s%s%.*s", (int) head, text, tail ? "..." : "", (int) tail,
                 text + length - tail);
    return (size_t) n < room ? at + (size_t) n : sizeof err->text - 1;
}

static void put(struct error *err, size_t at, const char *format, va_list args)
{
    char text[LONG_TEXT_SIZE];
    size_t length;

    vsnprintf(text, sizeof text, format, args);
    err->text[at] = '\0';
    for (const char *piece = text; *piece; piece += length) {
        length = strcspn(piece, "\"");
        length += piece[length] == '"';
        at = put_piece(err, at, piece, length);
    }
}

int error_vset(struct error *err, int code, const char *format, va_list args)
{
    if (!err)
        return code;
    err->code = code;
    put(err, 0, format, args);
    return code;
}

int error_set(struct error *err, int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    error_vset(err, code, format, args);
    va_end(args);
    return code;
}

int error_errno(struct error *err, int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    error_vset(err, code, format, args);
    va_end(args);
    error_append(err, ": %s", errno_text(code));
    return code;
}

int error_prefix(struct error *err, const char *format, ...)
{
    char old[ERROR_TEXT_SIZE];
    va_list args;

    if (!err)
        return -1;
    memcpy(old, err->text, sizeof old);
    va_start(args, format);
    put(err, 0, format, args);
    va_end(args);
    return error_append(err, ": %s", old);
}

int error_append(struct error *err, const char *format, ...)
{
    va_list args;

    if (!err)
        return -1;
    va_start(args, format);
    put(err, strlen(err->text), format, args);
    va_end(args);
    return err->code;
}
