// SPDX-License-Identifier: LGPL-2.1-or-later
/* UTF-8, see utf8.h. Documents are nearly all ASCII: the check takes eight bytes at a time while they are. */
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

static size_t sequence_length(unsigned char first)
{
    return first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
}

/* The second byte decides whether a form is overlong, a surrogate or too large (RFC 3629, section 4). */
static int second_fits(const unsigned char *p)
{
    switch (p[0]) {
    case 0xe0:
        return p[1] >= 0xa0;
    case 0xed:
        return p[1] <= 0x9f;
    case 0xf0:
        return p[1] >= 0x90;
    case 0xf4:
        return p[1] <= 0x8f;
    default:
        return 1;
    }
}

size_t utf8_control_length(const char *text, size_t left)
{
    const unsigned char *p = (const unsigned char *) text;

    if (left > 1 && p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
        return 2;
    return p[0] < 0x20 || p[0] == 0x7f;
}

size_t utf8_length(const char *text, size_t left)
{
    const unsigned char *p = (const unsigned char *) text;
    size_t n = sequence_length(p[0]);

    if (n < 2)
        return n;
    if (n > left || !second_fits(p))
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

static size_t skip_ascii(const char *text, size_t size, size_t at)
{
    uint64_t eight;

    for (; size - at >= sizeof eight; at += sizeof eight) {
        memcpy(&eight, text + at, sizeof eight);
        if (eight & 0x8080808080808080)
            break;
    }
    return at;
}

size_t utf8_check(const char *text, size_t size)
{
    size_t at = 0, n;

    while ((at = skip_ascii(text, size, at)) < size) {
        n = utf8_length(text + at, size - at);
        if (n == 0)
            break;
        at += n;
    }
    return at;
}
