// SPDX-License-Identifier: LGPL-2.1-or-later
/* Filling, prefixing and spelling errors; see error.h for the rule. */
#include "base/error.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *err, int code, const char *format, ...)
{
    va_list args;

    if (!err)
        return code;
    err->code = code;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return code;
}

int error_errno(struct error *err, int code, const char *format, ...)
{
    va_list args;

    if (!err)
        return code;
    err->code = code;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
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
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return error_append(err, ": %s", old);
}

int error_append(struct error *err, const char *format, ...)
{
    size_t length;
    va_list args;

    if (!err)
        return -1;
    length = strlen(err->text);
    va_start(args, format);
    vsnprintf(err->text + length, sizeof err->text - length, format, args);
    va_end(args);
    return err->code;
}

const char *errno_text(int code)
{
    static _Thread_local char text[96]; /* small: all of a static program's thread-locals fit where musl has room */

    /* Go's spelling, which engines match, is libc's with a small first letter; "I/O error" stays. */
    snprintf(text, sizeof text, "%s", strerror(code < 0 ? -code : code));
    if (isupper((unsigned char) text[0]) && islower((unsigned char) text[1]))
        text[0] = (char) tolower((unsigned char) text[0]);
    return text;
}
