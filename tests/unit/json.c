// SPDX-License-Identifier: GPL-2.0-or-later
/* The JSON writer. */
#include "test.h"

#include <stdlib.h>

#include "base/fd.h"
#include "base/json.h"

static void document(struct json_writer *w)
{
    static const char *const names[] = { "a", "b" };

    jw_object_begin(w);
    jw_member_string(w, "id", "c1");
    jw_member_int(w, "low", INT64_MIN);
    jw_member_uint(w, "high", UINT64_MAX);
    jw_member_bool(w, "yes", true);
    jw_member_strings(w, "names", names, 2);
    jw_member_strings(w, "none", NULL, 0);
    jw_key(w, "map");
    jw_object_begin(w);
    jw_object_end(w);
    jw_key(w, "list");
    jw_array_begin(w);
    jw_array_begin(w);
    jw_array_end(w);
    jw_object_begin(w);
    jw_member_string(w, "x", NULL);
    jw_object_end(w);
    jw_raw(w, "{\"raw\":1}", 9);
    jw_array_end(w);
    jw_object_end(w);
}

static void one_line(void)
{
    _cleanup_(jw_done) struct json_writer w;
    const char *text;
    size_t size;

    jw_init(&w, NULL);
    document(&w);
    CHECK_INT(jw_finish(&w, &text, &size), 0);
    CHECK_STR(text, "{\"id\":\"c1\",\"low\":-9223372036854775808,\"high\":18446744073709551615,\"yes\":true,"
                    "\"names\":[\"a\",\"b\"],\"none\":[],\"map\":{},\"list\":[[],{\"x\":null},{\"raw\":1}]}");
    CHECK_INT(size, strlen(text));
}

static void indented(void)
{
    _cleanup_(jw_done) struct json_writer w;
    const char *text;

    jw_init(&w, "\t");
    document(&w);
    jw_newline(&w);
    CHECK_INT(jw_finish(&w, &text, NULL), 0);
    CHECK_STR(text, "{\n\t\"id\": \"c1\",\n\t\"low\": -9223372036854775808,\n\t\"high\": 18446744073709551615,\n"
                    "\t\"yes\": true,\n\t\"names\": [\n\t\t\"a\",\n\t\t\"b\"\n\t],\n\t\"none\": [],\n\t\"map\": {},\n"
                    "\t\"list\": [\n\t\t[],\n\t\t{\n\t\t\t\"x\": null\n\t\t},\n\t\t{\"raw\":1}\n\t]\n}\n");
}

static void strings_are_escaped(void)
{
    /* clang-format off */
    static const struct { const char *value, *json; } cases[] = {
        { "", "\"\"" },
        { "plain /path", "\"plain /path\"" },
        { "q\"b\\", "\"q\\\"b\\\\\"" },
        { "\b\t\n\f\r\x01\x1f\x7f", "\"\\b\\t\\n\\f\\r\\u0001\\u001f\\u007f\"" },
        { "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"" },
        { "x\xff!", "\"x\xef\xbf\xbd!\"" },
        /* truncated, overlong, a surrogate, above U+10FFFF */
        { "\xc3", "\"\xef\xbf\xbd\"" },
        { "\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
        { "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
        { "\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
    };
    /* clang-format on */

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        _cleanup_(jw_done) struct json_writer w;
        const char *text;

        jw_init(&w, NULL);
        jw_string(&w, cases[i].value);
        CHECK_INT(jw_finish(&w, &text, NULL), 0);
        CHECK_STR(text, cases[i].json);
    }
}

static void embedded_nul(void)
{
    _cleanup_(jw_done) struct json_writer w;
    const char *text;

    jw_init(&w, NULL);
    jw_string_n(&w, "a\0b", 3);
    CHECK_INT(jw_finish(&w, &text, NULL), 0);
    CHECK_STR(text, "\"a\\u0000b\"");
}

static void lines(void)
{
    _cleanup_(jw_done) struct json_writer w;
    const char *text;

    jw_init(&w, NULL);
    for (int i = 0; i < 2; i++) {
        jw_object_begin(&w);
        jw_member_int(&w, "n", i);
        jw_object_end(&w);
        jw_newline(&w);
    }
    CHECK_INT(jw_finish(&w, &text, NULL), 0);
    CHECK_STR(text, "{\"n\":0}\n{\"n\":1}\n");
}

static void grows(void)
{
    _cleanup_(jw_done) struct json_writer w;
    const char *text;
    size_t size;

    jw_init(&w, NULL);
    jw_array_begin(&w);
    for (int i = 0; i < 100000; i++)
        jw_int(&w, 7);
    jw_array_end(&w);
    CHECK_INT(jw_finish(&w, &text, &size), 0);
    CHECK_INT(size, 200001);
    CHECK(text[size - 1] == ']' && text[size] == '\0');
}

static const struct test tests[] = {
    {"one line",             one_line           },
    { "indented",            indented           },
    { "strings are escaped", strings_are_escaped},
    { "embedded NUL",        embedded_nul       },
    { "JSON lines",          lines              },
    { "grows",               grows              },
};

TEST_MAIN(tests)
