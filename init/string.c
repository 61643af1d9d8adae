// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * memcpy and its kin, which the compiler calls behind our back, and text. Written plainly: nothing here is hot, and
 * the loops must not be turned into calls to themselves (-fno-tree-loop-distribute-patterns in meson.build).
 */
#include "init/string.h"

#include "sys/raw.h"

#if SYS_RAW
void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    char *t = to;
    const char *f = from;

    while (size--)
        *t++ = *f++;
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    char *t = to;
    const char *f = from;

    if (t <= f)
        return memcpy(to, from, size);
    while (size--)
        t[size] = f[size];
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    char *t = to;

    while (size--)
        *t++ = (char) byte;
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const unsigned char *x = a, *y = b;

    for (; size--; x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

size_t strlen(const char *text)
{
    size_t n = 0;

    while (text[n])
        n++;
    return n;
}
#endif

bool text_equal(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

bool text_starts(const char *text, const char *prefix)
{
    while (*prefix && *text == *prefix)
        text++, prefix++;
    return !*prefix;
}

bool text_contains(const char *text, char c)
{
    while (*text && *text != c)
        text++;
    return *text == c;
}

struct text text_init(char *buffer, size_t size)
{
    buffer[0] = '\0';
    return (struct text){ .buffer = buffer, .size = size };
}

void text_put_bytes(struct text *text, const char *bytes, size_t n)
{
    size_t room = text->size - text->length - 1;

    if (n > room) {
        n = room;
        text->cut = true;
    }
    memcpy(text->buffer + text->length, bytes, n);
    text->length += n;
    text->buffer[text->length] = '\0';
}

void text_put(struct text *text, const char *string)
{
    text_put_bytes(text, string, strlen(string));
}

static bool is_inside_character(const char *text)
{
    return ((unsigned char) *text & 0xc0) == 0x80;
}

void text_put_short(struct text *text, const char *string, size_t limit)
{
    size_t length = strlen(string), head = (limit - 3) / 2, tail = head;

    if (length <= limit) {
        text_put(text, string);
        return;
    }
    while (is_inside_character(string + head))
        head--;
    while (is_inside_character(string + length - tail))
        tail--;
    text_put_bytes(text, string, head);
    text_put(text, "...");
    text_put(text, string + length - tail);
}

void text_put_number(struct text *text, long long number)
{
    unsigned long long rest = number < 0 ? -(unsigned long long) number : (unsigned long long) number;
    char digits[24];
    size_t at = sizeof digits;

    do
        digits[--at] = (char) ('0' + rest % 10);
    while (rest /= 10);
    if (number < 0)
        digits[--at] = '-';
    text_put_bytes(text, digits + at, sizeof digits - at);
}

long long text_number(const char *text, const char *end)
{
    long long number = 0;
    const char *c = text;

    for (; end ? c < end : *c != '\0'; c++) {
        if (*c < '0' || *c > '9' || number > 0xffffffffffLL)
            return -1;
        number = number * 10 + (*c - '0');
    }
    return c == text ? -1 : number;
}
