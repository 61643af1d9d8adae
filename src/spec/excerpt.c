// SPDX-License-Identifier: LGPL-2.1-or-later
/* Printable, short forms of user text; see excerpt.h. */
#include "spec/excerpt.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static unsigned code_of(const char *p, size_t n)
{
    return (unsigned char) p[n - 1]; /* of a control character: its last byte in both forms */
}

/* One character at P of N bytes (0: not UTF-8), escaped where needed, into OUT. */
static void spell(char out[8], const char *p, size_t n, char quote)
{
    if (n == 0)
        snprintf(out, 8, "\\x%02x", (unsigned char) *p);
    else if (*p == '\n')
        snprintf(out, 8, "\\n");
    else if (*p == '\t')
        snprintf(out, 8, "\\t");
    else if (utf8_control_length(p, n) > 0)
        snprintf(out, 8, "\\u%04x", code_of(p, n));
    else if (quote && (*p == quote || *p == '\\'))
        snprintf(out, 8, "\\%c", *p);
    else
        snprintf(out, 8, "%.*s", (int) n, p);
}

const char *excerpt(char *buffer, size_t size, const char *text, size_t length, size_t limit, char quote)
{
    size_t used = 0, at = 0;

    buffer[0] = '\0';
    for (size_t i = 0; i < limit && at < length; i++) {
        size_t n = utf8_length(text + at, length - at);
        char out[8];

        spell(out, text + at, n, quote);
        if (used + strlen(out) + sizeof "..." > size)
            break;
        used += (size_t) snprintf(buffer + used, size - used, "%s", out);
        at += n ? n : 1;
    }
    if (at < length)
        snprintf(buffer + used, size - used, "...");
    return buffer;
}
