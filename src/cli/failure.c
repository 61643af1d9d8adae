// SPDX-License-Identifier: GPL-2.0-or-later
/* Filling a crun_error; see failure.h. */
#include "cli/failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int failure_set(struct crun_error *err, int code, const char *format, ...)
{
    va_list args;

    err->code = code;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return code;
}

int failure_errno(struct crun_error *err, int code, const char *format, ...)
{
    size_t length;
    va_list args;

    err->code = code;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    length = strlen(err->text);
    snprintf(err->text + length, sizeof err->text - length, ": %s", crun_errno_text(code));
    return code;
}

int failure_prefix(struct crun_error *err, const char *text)
{
    char old[sizeof err->text];

    memcpy(old, err->text, sizeof old);
    return failure_set(err, err->code, "%s: %s", text, old);
}
