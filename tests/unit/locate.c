// SPDX-License-Identifier: GPL-2.0-or-later
/* Positions in a text by JSON path, and excerpts of user text. */
#include "test.h"

#include "spec/excerpt.h"
#include "spec/locate.h"

static const char text[] = "{ \"a\" : [ 10, \"x]\\\"}\", { \"b\": [[], {}, [1 , 2]] } ],\n"
                           "  \"\xc3\xa4\": {\"k\": 1, \"k\": true},\n"
                           "  'single': 5, \"esc\\u0061pe\": null, \"\": -1.5e3 }";

/* Where the value at PATH begins, or NULL. */
static const char *at(const struct json_path *path)
{
    size_t offset;

    return json_locate(text, sizeof text - 1, path, &offset) ? text + offset : NULL;
}

static bool begins(const char *found, const char *expected)
{
    return found && strncmp(found, expected, strlen(expected)) == 0;
}

static void members_and_elements(void)
{
    const struct json_path top = { 0 }, a = { &top, "a", "a", 0 }, a0 = { &a, NULL, NULL, 0 },
                           a1 = { &a, NULL, NULL, 1 }, a2 = { &a, NULL, NULL, 2 }, b = { &a2, NULL, "b", 0 },
                           b2 = { &b, NULL, NULL, 2 }, b21 = { &b2, NULL, NULL, 1 };

    CHECK(begins(at(&top), "{ \"a\""));
    CHECK(begins(at(&a), "[ 10"));
    CHECK(begins(at(&a0), "10,"));
    CHECK(begins(at(&a1), "\"x]"));
    CHECK(begins(at(&a2), "{ \"b\""));
    CHECK(begins(at(&b), "[[]"));
    CHECK(begins(at(&b2), "[1 ,"));
    CHECK(begins(at(&b21), "2]"));
}

static void names(void)
{
    const struct json_path top = { 0 }, umlaut = { &top, NULL, "\xc3\xa4", 0 }, last = { &umlaut, NULL, "k", 0 },
                           single = { &top, NULL, "single", 0 }, escaped = { &top, NULL, "escape", 0 },
                           empty = { &top, NULL, "", 0 };

    CHECK(begins(at(&last), "true"));
    CHECK(begins(at(&single), "5,"));
    CHECK(begins(at(&escaped), "null"));
    CHECK(begins(at(&empty), "-1.5e3"));
}

static void the_nearest_parent(void)
{
    const struct json_path top = { 0 }, a = { &top, "a", "a", 0 }, a3 = { &a, NULL, NULL, 3 },
                           none = { &a3, "x", "x", 0 }, not_object = { &a, "x", "x", 0 }, a0 = { &a, NULL, NULL, 0 },
                           not_array = { &a0, NULL, NULL, 0 };
    size_t offset;

    CHECK(!json_locate(text, sizeof text - 1, &none, &offset));
    CHECK(begins(text + offset, "[ 10"));
    CHECK(!json_locate(text, sizeof text - 1, &not_object, &offset));
    CHECK(begins(text + offset, "[ 10"));
    CHECK(!json_locate(text, sizeof text - 1, &not_array, &offset));
    CHECK(begins(text + offset, "10"));
}

static void ends_of_values(void)
{
    const struct json_path top = { 0 }, a = { &top, "a", "a", 0 }, a1 = { &a, NULL, NULL, 1 };

    CHECK_INT(json_value_end(text, sizeof text - 1, 0), sizeof text - 1);
    CHECK(begins(text + json_value_end(text, sizeof text - 1, (size_t) (at(&a) - text)), ",\n"));
    CHECK(begins(text + json_value_end(text, sizeof text - 1, (size_t) (at(&a1) - text)), ", {"));
}

static void cut_texts_are_survived(void)
{
    const struct json_path top = { 0 }, a = { &top, "a", "a", 0 }, a2 = { &a, NULL, NULL, 2 },
                           b = { &a2, NULL, "b", 0 }, b2 = { &b, NULL, NULL, 2 };

    for (size_t size = 0; size < sizeof text; size++) {
        size_t offset;

        json_locate(text, size, &b2, &offset);
        CHECK(offset <= size);
        CHECK(json_value_end(text, size, offset) <= size);
    }
}

static void places_count_characters(void)
{
    struct text_place place = text_place(text, (size_t) (strstr(text, "{\"k\"") - text));

    CHECK_INT(place.line, 2);
    CHECK_INT(place.column, 8);
    place = text_place(text, 0);
    CHECK(place.line == 1 && place.column == 1);
}

static void excerpts(void)
{
    static const struct {
        const char *value, *shown;
    } cases[] = {
        {"",                                              ""                                           },
        { "plain",                                        "plain"                                      },
        { "0123456789",                                   "0123456789"                                 },
        { "0123456789a",                                  "0123456789..."                              },
        { "\n\t\r\x1b\x7f",                               "\\n\\t\\u000d\\u001b\\u007f"                },
        { "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xc2\x9b", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\\u009b"},
        { "\xff\xc3",                                     "\\xff\\xc3"                                 },
        { "\"\\",                                         "\\\"\\\\"                                   },
        { "\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01",
         "\\u0001\\u0001\\u0001\\u0001\\u0001\\u0001\\u0001\\u0001\\u0001\\u0001..."                   },
    };
    char buffer[10 * 6 + 4];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_STR(excerpt(buffer, sizeof buffer, cases[i].value, strlen(cases[i].value), 10, '"'), cases[i].shown);
    CHECK_STR(excerpt(buffer, sizeof buffer, "a\"\\\0", 4, 10, 0), "a\"\\\\u0000");
    CHECK_STR(excerpt(buffer, 8, "abcdefghi", 9, 9, 0), "abcd...");
}

static const struct test tests[] = {
    {"members and elements",     members_and_elements   },
    { "names",                   names                  },
    { "the nearest parent",      the_nearest_parent     },
    { "ends of values",          ends_of_values         },
    { "cut texts are survived",  cut_texts_are_survived },
    { "places count characters", places_count_characters},
    { "excerpts",                excerpts               },
};

TEST_MAIN(tests)
