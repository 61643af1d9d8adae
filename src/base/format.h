// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * vsnprintf(3) for the few conversions that rows of a plan and paths are made of: a C library's own spends more on being
 * general (streams, locales, widths, floating point) than the text takes. A launch formats some two hundred.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "base/error.h"

/* As vsnprintf: what was cut is counted, the text ends with NUL if SIZE is not 0. */
int format_text(char *buffer, size_t size, const char *format, va_list args) _printf_(3, 0);
