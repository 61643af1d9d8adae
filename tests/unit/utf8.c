// SPDX-License-Identifier: GPL-2.0-or-later
/* UTF-8: every boundary of RFC 3629. */
#include "test.h"

#include "base/utf8.h"

static void characters(void)
{
    static const struct {
        const char *bytes;
        size_t length;
    } cases[] = {
        {"a",                 1},
        { "\x7f",             1},
        { "\x80",             0},
        { "\xbf",             0},
        { "\xc0\x80",         0},
        { "\xc1\xbf",         0},
        { "\xc2\x80",         2},
        { "\xc2",             0},
        { "\xc2 ",            0},
        { "\xdf\xbf",         2},
        { "\xe0\x9f\xbf",     0},
        { "\xe0\xa0\x80",     3},
        { "\xe0\xa0",         0},
        { "\xe2\x82 ",        0},
        { "\xed\x9f\xbf",     3},
        { "\xed\xa0\x80",     0},
        { "\xee\x80\x80",     3},
        { "\xef\xbf\xbf",     3},
        { "\xf0\x8f\xbf\xbf", 0},
        { "\xf0\x90\x80\x80", 4},
        { "\xf4\x8f\xbf\xbf", 4},
        { "\xf4\x90\x80\x80", 0},
        { "\xf5\x80\x80\x80", 0},
        { "\xff",             0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_INT(utf8_length(cases[i].bytes, strlen(cases[i].bytes)), cases[i].length);
    CHECK_INT(utf8_length("\0", 1), 1);
}

static void texts(void)
{
    CHECK_INT(utf8_check("", 0), 0);
    CHECK_INT(utf8_check("0123456789abcdef\xc3\xa4", 18), 18);
    CHECK_INT(utf8_check("0123456789abcdef\xc3", 17), 16);
    CHECK_INT(utf8_check("0123456\xff", 8), 7);
    CHECK_INT(utf8_check("\xe2\x82\xac\xe2\x82", 5), 3);
}

static const struct test tests[] = {
    {"characters", characters},
    { "texts",     texts     },
};

TEST_MAIN(tests)
