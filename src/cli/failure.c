// SPDX-License-Identifier: GPL-2.0-or-later
/* Filling a crun_error; see failure.h. */
#include "cli/failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LONG_TEXT_SIZE = 16384 };

/* Of what is too long the two ends: what is wrong with a word of the command line stands behind it. */
static void keep(struct crun_error *err, int code, const char *text)
{
    const size_t length = strlen(text), end = sizeof err->text / 2 - sizeof "...";

    err->code = code;
    if (length < sizeof err->text)
        memcpy(err->text, text, length + 1);
    else
        snprintf(err->text, sizeof err->text, "%.*s...%s", (int) end, text, text + length - end);
}

int failure_set(struct crun_error *err, int code, const char *format, ...)
{
    char text[LONG_TEXT_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    keep(err, code, text);
    return code;
}

int failure_errno(struct crun_error *err, int code, const char *format, ...)
{
    char text[LONG_TEXT_SIZE];
    size_t length;
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    length = strlen(text);
    snprintf(text + length, sizeof text - length, ": %s", crun_errno_text(code));
    keep(err, code, text);
    return code;
}

int failure_prefix(struct crun_error *err, const char *text)
{
    char old[sizeof err->text];

    memcpy(old, err->text, sizeof old);
    return failure_set(err, err->code, "%s: %s", text, old);
}
