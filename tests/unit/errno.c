// SPDX-License-Identifier: GPL-2.0-or-later
/* The texts of errno against glibc's, every number of them: what engines match in errors. */
#include "test.h"

#include <ctype.h>
#include <errno.h>

#include "base/error.h"
#include "base/utf8.h"

enum { LAST = 4095 }; /* MAX_ERRNO of the kernel */

static void texts_are_those_of_glibc(void)
{
#ifdef __GLIBC__
    size_t known = 0;

    for (int i = 1; i <= LAST; i++) {
        char expected[128];

        snprintf(expected, sizeof expected, "%s", strerror(i));
        if (isupper((unsigned char) expected[0]) && islower((unsigned char) expected[1]))
            expected[0] = (char) tolower((unsigned char) expected[0]);
        CHECK_STR(errno_text(i), expected);
        CHECK_STR(errno_text(-i), expected);
        known += strncmp(expected, "unknown", 7) != 0;
    }
    CHECK(known > 130);
#else
    printf("# skipped: this C library has texts of its own\n");
#endif
}

static void texts_of_the_contract(void)
{
    CHECK_STR(errno_text(-ENOENT), "no such file or directory");
    CHECK_STR(errno_text(-EACCES), "permission denied");
    CHECK_STR(errno_text(-EPERM), "operation not permitted");
    CHECK_STR(errno_text(-ESRCH), "no such process");
    CHECK_STR(errno_text(-ERANGE), "numerical result out of range");
    CHECK_STR(errno_text(-EIO), "input/output error");
    CHECK_STR(errno_text(-2147483647 - 1), "unknown error 2147483648");
}

static void texts_are_appended(void)
{
    struct error err = { 0 };

    CHECK_INT(error_errno(&err, -ERANGE, "write \"%s\"", "x"), -ERANGE);
    CHECK_STR(err.text, "write \"x\": numerical result out of range");
}

static void long_strings_keep_their_ends(void)
{
    static char path[4096];
    struct error err = { 0 };

    memset(path, 'x', 4000);
    memcpy(path, "/begin", 6);
    strcpy(path + 4000, "/end");
    error_errno(&err, -ENOENT, "open \"%s\" below \"%s\"", path, path);
    error_prefix(&err, "mounts[0] \"%s\"", path);
    error_append(&err, " (a hint)");
    CHECK(strlen(err.text) < 3 * 520 + 100);
    CHECK(strncmp(err.text, "mounts[0] \"/beginx", 17) == 0 && strstr(err.text, "x...x"));
    CHECK(strstr(err.text, "x/end\": open \"/begin") && strstr(err.text, "x/end\" below \"/begin"));
    CHECK(strstr(err.text, "x/end\": no such file or directory (a hint)"));
}

static void long_strings_are_cut_between_characters(void)
{
    char text[1201] = "";
    struct error err = { 0 };

    for (int i = 0; i < 400; i++)
        strcat(text, "\xe2\x82\xac");
    for (int shift = 0; shift < 3; shift++) {
        error_set(&err, -EINVAL, "%.*s%s", shift, "ab", text);
        CHECK(strlen(err.text) < 520 && utf8_check(err.text, strlen(err.text)) == strlen(err.text));
    }
}

static const struct test tests[] = {
    {"texts are those of glibc",                 texts_are_those_of_glibc               },
    { "texts of the contract",                   texts_of_the_contract                  },
    { "texts are appended",                      texts_are_appended                     },
    { "long strings keep their ends",            long_strings_keep_their_ends           },
    { "long strings are cut between characters", long_strings_are_cut_between_characters},
};

TEST_MAIN(tests)
