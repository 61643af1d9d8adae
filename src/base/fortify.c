// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a compiler that fortifies (-D_FORTIFY_SOURCE) leaves to glibc, for a program that is linked with musl and with
 * archives that were made for glibc: json-c and libseccomp of a distribution (tools/musl). Each is the function itself
 * and the check that was asked for: a write past the end of an object ends the program. FLAG (glibc: refuse %n in a
 * writable format) is not looked at, for those libraries' formats are constants. The __isoc23 names are those of newer
 * headers of glibc, for the same functions.
 *
 * Only in builds whose C library is not glibc; nothing here is used that nobody asks for (--gc-sections).
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef __GLIBC__

#define KEEP __attribute__((visibility("default")))
#define PROTOTYPE(type, name, ...)                                                                                     \
    KEEP type name(__VA_ARGS__);                                                                                       \
    type name(__VA_ARGS__)

static void check(size_t size, size_t limit)
{
    if (size > limit)
        abort();
}

PROTOTYPE(int, __vfprintf_chk, FILE *file, int flag, const char *format, va_list args)
{
    return vfprintf(file, format, args);
}

PROTOTYPE(int, __fprintf_chk, FILE *file, int flag, const char *format, ...)
{
    va_list args;
    int r;

    va_start(args, format);
    r = vfprintf(file, format, args);
    va_end(args);
    return r;
}

PROTOTYPE(int, __vasprintf_chk, char **ret, int flag, const char *format, va_list args)
{
    return vasprintf(ret, format, args);
}

PROTOTYPE(int, __asprintf_chk, char **ret, int flag, const char *format, ...)
{
    va_list args;
    int r;

    va_start(args, format);
    r = vasprintf(ret, format, args);
    va_end(args);
    return r;
}

PROTOTYPE(int, __vsnprintf_chk, char *to, size_t size, int flag, size_t limit, const char *format, va_list args)
{
    check(size, limit);
    return vsnprintf(to, size, format, args);
}

PROTOTYPE(int, __snprintf_chk, char *to, size_t size, int flag, size_t limit, const char *format, ...)
{
    va_list args;
    int r;

    check(size, limit);
    va_start(args, format);
    r = vsnprintf(to, size, format, args);
    va_end(args);
    return r;
}

PROTOTYPE(char *, __strcat_chk, char *to, const char *from, size_t limit)
{
    check(strlen(to) + strlen(from) + 1, limit);
    return strcat(to, from);
}

PROTOTYPE(char *, __strcpy_chk, char *to, const char *from, size_t limit)
{
    check(strlen(from) + 1, limit);
    return strcpy(to, from);
}

PROTOTYPE(char *, __strncpy_chk, char *to, const char *from, size_t size, size_t limit)
{
    check(size, limit);
    return strncpy(to, from, size);
}

PROTOTYPE(void *, __memcpy_chk, void *to, const void *from, size_t size, size_t limit)
{
    check(size, limit);
    return memcpy(to, from, size);
}

PROTOTYPE(void *, __memset_chk, void *to, int byte, size_t size, size_t limit)
{
    check(size, limit);
    return memset(to, byte, size);
}

/* The log of libseccomp and json-c, which nobody asked for, goes nowhere: syslog belongs to the log layer. */
PROTOTYPE(void, __vsyslog_chk, int priority, int flag, const char *format, va_list args)
{
}

PROTOTYPE(long, __isoc23_strtol, const char *text, char **end, int base)
{
    return strtol(text, end, base);
}

PROTOTYPE(unsigned long, __isoc23_strtoul, const char *text, char **end, int base)
{
    return strtoul(text, end, base);
}

PROTOTYPE(long long, __isoc23_strtoll, const char *text, char **end, int base)
{
    return strtoll(text, end, base);
}

PROTOTYPE(unsigned long long, __isoc23_strtoull, const char *text, char **end, int base)
{
    return strtoull(text, end, base);
}

PROTOTYPE(int, __isoc23_sscanf, const char *text, const char *format, ...)
{
    va_list args;
    int r;

    va_start(args, format);
    r = vsscanf(text, format, args);
    va_end(args);
    return r;
}

#endif
