// SPDX-License-Identifier: LGPL-2.1-or-later
/* Filling, prefixing and spelling errors; see error.h for the rule. */
#include "base/error.h"

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
