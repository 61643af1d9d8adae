// SPDX-License-Identifier: GPL-2.0-or-later
/* "UID[:GID]" of `exec --user`: the right ids or an error, never 0 by accident. */
#include "spec/user.h"

#include <errno.h>
#include <string.h>

#include "test.h"

static void right(void)
{
    static const struct {
        const char *text;
        uint32_t uid;
        struct opt_u32 gid;
    } cases[] = {
        {"0",                      0,           { false, 0 }         },
        { "1",                     1,           { false, 0 }         },
        { "1:2",                   1,           { true, 2 }          },
        { "0:0",                   0,           { true, 0 }          },
        { "1000:100",              1000,        { true, 100 }        },
        { "2147483648",            2147483648u, { false, 0 }         },
        { "4294967294:4294967294", 4294967294u, { true, 4294967294u }},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct opt_u32 gid = { .value = 77 };
        uint32_t uid = 77;
        int r = user_parse(cases[i].text, &uid, &gid, NULL);

        CHECK_INT(r, 0);
        CHECK_INT(uid, cases[i].uid);
        CHECK_INT(gid.set, cases[i].gid.set);
        CHECK_INT(gid.value, cases[i].gid.value);
    }
}

static void wrong(void)
{
    static const char *const cases[] = {
        "",      ":",          "1:",           ":1",          "-1",
        "1:-1",  "abc",        "1a",           "1:b",         "root",
        " 1",    "1 ",         "+1",           "1:+2",        "1::2",
        "1:2:3", "4294967295", "1:4294967295", "4294967296",  "18446744073709551616",
        "0x1",   "1.0",        "00000000001",  "99999999999", "010",
        "00",    "1:010",      "0:00",         "1\n",
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct opt_u32 gid = { .set = true, .value = 77 };
        struct error err = { 0 };
        uint32_t uid = 77;
        int r = user_parse(cases[i], &uid, &gid, &err);

        printf("# \"%s\"\n", cases[i]);
        CHECK_INT(r, -EINVAL);
        CHECK_INT(uid, 77); /* untouched */
        CHECK_INT(gid.value, 77);
        CHECK(strstr(err.text, cases[i]) != NULL);
    }
}

static const struct test tests[] = {
    {"users that are right", right},
    { "users that are not",  wrong},
};

TEST_MAIN(tests)
