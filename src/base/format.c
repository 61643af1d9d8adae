// SPDX-License-Identifier: LGPL-2.1-or-later
/* Formatting of %s %.*s %d %u %zu and %%; see format.h. A format with anything else goes to the C library as a whole. */
#include "base/format.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct output {
    char *buffer;
    size_t size, length; /* LENGTH goes on where SIZE ends */
};

static void put(struct output *out, const char *text, size_t length)
{
    size_t room = out->length < out->size ? out->size - out->length : 0;

    if (room && length)
        memcpy(out->buffer + out->length, text, length < room ? length : room);
    out->length += length;
}

static void put_number(struct output *out, uint64_t number, bool negative)
{
    char digits[24];
    size_t at = sizeof digits;

    do
        digits[--at] = (char) ('0' + number % 10);
    while (number /= 10);
    if (negative)
        digits[--at] = '-';
    put(out, digits + at, sizeof digits - at);
}

/* The length of the conversion at AT, behind its percent sign; 0 if it is none of ours. */
static size_t conversion(const char *at)
{
    if (*at == 's' || *at == 'd' || *at == 'u' || *at == '%')
        return 1;
    if (at[0] == 'z' && at[1] == 'u')
        return 2;
    return at[0] == '.' && at[1] == '*' && at[2] == 's' ? 3 : 0;
}

static bool is_ours(const char *format)
{
    while ((format = strchr(format, '%'))) {
        size_t length = conversion(format + 1);

        if (length == 0)
            return false;
        format += 1 + length;
    }
    return true;
}

static void convert(struct output *out, const char *at, va_list *args)
{
    const char *text;
    int number;

    switch (*at) {
    case 's':
        text = va_arg(*args, const char *);
        put(out, text ? text : "(null)", strlen(text ? text : "(null)"));
        break;
    case 'd':
        number = va_arg(*args, int);
        put_number(out, number < 0 ? -(uint64_t) number : (uint64_t) number, number < 0);
        break;
    case 'u':
        put_number(out, va_arg(*args, unsigned), false);
        break;
    case 'z':
        put_number(out, va_arg(*args, size_t), false);
        break;
    case '.':
        number = va_arg(*args, int);
        text = va_arg(*args, const char *);
        put(out, text, number < 0 ? strlen(text) : strnlen(text, (size_t) number));
        break;
    default:
        put(out, "%", 1);
    }
}

static int format_ours(struct output *out, const char *format, va_list *args)
{
    for (;;) {
        const char *percent = strchr(format, '%');

        put(out, format, percent ? (size_t) (percent - format) : strlen(format));
        if (!percent)
            break;
        convert(out, percent + 1, args);
        format = percent + 1 + conversion(percent + 1);
    }
    if (out->size)
        out->buffer[out->length < out->size ? out->length : out->size - 1] = '\0';
    return out->length > INT_MAX ? -1 : (int) out->length;
}

int format_text(char *buffer, size_t size, const char *format, va_list args)
{
    struct output out = { .buffer = buffer, .size = size };
    va_list copy;
    int length;

    if (!is_ours(format))
        return vsnprintf(buffer, size, format, args);
    va_copy(copy, args);
    length = format_ours(&out, format, &copy);
    va_end(copy);
    return length;
}
