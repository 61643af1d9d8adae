// SPDX-License-Identifier: GPL-2.0-or-later
/* Texts of values, their D-Bus signatures, and what a sink gets of them. */
#include "plan/gvariant.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "test.h"

static char got[4096];

static int put(const char *text)
{
    strncat(got, text, sizeof got - strlen(got) - 1);
    return 0;
}

static int basic(void *userdata, char type, const void *value)
{
    char text[256] = "";

    (void) userdata;
    if (strchr("sog", type))
        snprintf(text, sizeof text, "%c=%s;", type, (const char *) value);
    else if (type == 'b')
        snprintf(text, sizeof text, "b=%d;", *(const int *) value);
    else if (type == 'y')
        snprintf(text, sizeof text, "y=%u;", *(const uint8_t *) value);
    else if (type == 'n')
        snprintf(text, sizeof text, "n=%d;", *(const int16_t *) value);
    else if (type == 'i')
        snprintf(text, sizeof text, "i=%d;", *(const int32_t *) value);
    else if (type == 'u')
        snprintf(text, sizeof text, "u=%u;", *(const uint32_t *) value);
    else if (type == 'd')
        snprintf(text, sizeof text, "d=%g;", *(const double *) value);
    else
        snprintf(text, sizeof text, "%c=%" PRIu64 ";", type, *(const uint64_t *) value);
    return put(text);
}

static int open_(void *userdata, char type, const char *contents)
{
    char text[300];

    (void) userdata;
    snprintf(text, sizeof text, "%c<%s>[", type, contents);
    return put(text);
}

static int close_(void *userdata)
{
    (void) userdata;
    return put("]");
}

static const struct gvariant_sink sink = { NULL, basic, open_, close_ };

static const struct {
    const char *text, *signature, *values; /* signature NULL: refused, and values is a part of the message */
} cases[] = {
    {"true",                                    "b",      "b=1;"                                               },
    { " false ",                                "b",      "b=0;"                                               },
    { "5",                                      "i",      "i=5;"                                               },
    { "-2147483648",                            "i",      "i=-2147483648;"                                     },
    { "uint64 18446744073709551615",            "t",      "t=18446744073709551615;"                            },
    { "@t 0x10",                                "t",      "t=16;"                                              },
    { "byte 255",                               "y",      "y=255;"                                             },
    { "int16 -3",                               "n",      "n=-3;"                                              },
    { "1.5",                                    "d",      "d=1.5;"                                             },
    { "double 2",                               "d",      "d=2;"                                               },
    { "'it\\'s'",                               "s",      "s=it's;"                                            },
    { "\"a\\n\"",                               "s",      "s=a\n;"                                             },
    { "objectpath '/a'",                        "o",      "o=/a;"                                              },
    { "b'ab'",                                  "ay",     "a<y>[y=97;y=98;y=0;]"                               },
    { "['a', 'b']",                             "as",     "a<s>[s=a;s=b;]"                                     },
    { "[uint32 1, 2]",                          "au",     "a<u>[u=1;u=2;]"                                     },
    { "@as []",                                 "as",     "a<s>[]"                                             },
    { "@a(ss) []",                              "a(ss)",  "a<(ss)>[]"                                          },
    { "[('/dev/null', 'rw')]",                  "a(ss)",  "a<(ss)>[r<ss>[s=/dev/null;s=rw;]]"                  },
    { "[('/d', uint64 5), ('/e', 6)]",          "a(st)",  "a<(st)>[r<st>[s=/d;t=5;]r<st>[s=/e;t=6;]]"          },
    { "('x', [1], <'v'>)",                      "(saiv)", "r<saiv>[s=x;a<i>[i=1;]v<s>[s=v;]]"                  },
    { "{'k': <uint32 1>, 'l': <true>}",         "a{sv}",  "a<{sv}>[e<sv>[s=k;v<u>[u=1;]]e<sv>[s=l;v<b>[b=1;]]]"},
    { "@a{ss} {}",                              "a{ss}",  "a<{ss}>[]"                                          },
    { "",                                       NULL,     "expected a value"                                   },
    { "inactive",                               NULL,     "expected a value"                                   },
    { "[]",                                     NULL,     "empty array"                                        },
    { "2147483648",                             NULL,     "its type can hold"                                  },
    { "byte 256",                               NULL,     "its type can hold"                                  },
    { "uint64 -1",                              NULL,     "its type can hold"                                  },
    { "uint64 'x'",                             NULL,     "another type"                                       },
    { "'open",                                  NULL,     "end of the text"                                    },
    { "[1, 'a']",                               NULL,     "another type"                                       },
    { "(1, 2",                                  NULL,     "\",\" or \")\""                                     },
    { "@(ss) ('a')",                            NULL,     "has members"                                        },
    { "5 6",                                    NULL,     "end of the value"                                   },
    { "@{ss} {}",                               NULL,     "a type like"                                        },
    { "<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<", NULL,     "nested too deeply"                                  },
};

static void test_case(size_t i)
{
    char signature[GVARIANT_SIGNATURE_SIZE] = "";
    struct error err = { 0 };
    int r = gvariant_signature(cases[i].text, signature, &err);

    if (!cases[i].signature) {
        CHECK_INT(r, -EINVAL);
        CHECK(strstr(err.text, cases[i].values));
        return;
    }
    CHECK_INT(r, 0);
    CHECK_STR(signature, cases[i].signature);
    got[0] = '\0';
    CHECK_INT(gvariant_walk(cases[i].text, &sink, &err), 0);
    CHECK_STR(got, cases[i].values);
}

static void values(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_case(i);
        if (test_failed) {
            printf("# of \"%s\"\n", cases[i].text);
            return;
        }
    }
}

static const struct test tests[] = {
    {"values", values},
};

TEST_MAIN(tests)
