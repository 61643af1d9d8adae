// SPDX-License-Identifier: GPL-2.0-or-later
/* memcpy and memmove of the musl program (src/cli/copy.c), in the place of this program's own: every size, every overlap. */
#include "test.h"

#include <stdint.h>
#include <stdlib.h>

enum { SIZES = 600, MARGIN = 24 };

static unsigned char from[SIZES + 2 * MARGIN], to[SIZES + 2 * MARGIN];

static unsigned char byte_at(size_t i)
{
    return (unsigned char) (i * 7 + i / 256 + 1);
}

static void fill(unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = byte_at(i);
}

static bool is_copied(size_t n, size_t at)
{
    for (size_t i = 0; i < sizeof to; i++)
        if (to[i] != (i >= at && i < at + n ? byte_at(i - at + MARGIN) : 0))
            return false;
    return true;
}

static void every_size_is_copied(void)
{
    fill(from, sizeof from);
    for (size_t n = 0; n <= SIZES; n++) {
        size_t at = n % MARGIN;

        for (size_t i = 0; i < sizeof to; i++)
            to[i] = 0;
        CHECK(memcpy(to + at, from + MARGIN, n) == to + at);
        CHECK(is_copied(n, at));
    }
}

static bool is_moved(size_t n, size_t source, size_t target)
{
    for (size_t i = 0; i < n; i++)
        if (to[target + i] != byte_at(source + i))
            return false;
    return true;
}

static void overlapping_memory_is_moved(void)
{
    for (size_t n = 0; n <= SIZES; n++)
        for (size_t shift = 0; shift < 2 * MARGIN; shift++) {
            fill(to, sizeof to);
            CHECK(memmove(to + shift, to + MARGIN, n) == to + shift);
            CHECK(is_moved(n, MARGIN, shift));
        }
}

static const struct test tests[] = {
    {"every size is copied",         every_size_is_copied       },
    { "overlapping memory is moved", overlapping_memory_is_moved},
};

TEST_MAIN(tests)
