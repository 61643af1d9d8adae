// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The smallest unit test frame: a table of named functions, TAP on standard output. CHECK stops the function on the
 * first failure with file, line and the expression; CHECK_STR and CHECK_INT print both values.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct test {
    const char *name;
    void (*run)(void);
};

static bool test_failed;

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            printf("# %s:%d: %s\n", __FILE__, __LINE__, #condition);                                                   \
            test_failed = true;                                                                                        \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)

#define CHECK_INT(actual, expected)                                                                                    \
    do {                                                                                                               \
        long long a_ = (long long) (actual), e_ = (long long) (expected);                                              \
        if (a_ != e_) {                                                                                                \
            printf("# %s:%d: %s is %lld, expected %lld\n", __FILE__, __LINE__, #actual, a_, e_);                       \
            test_failed = true;                                                                                        \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)

#define CHECK_STR(actual, expected)                                                                                    \
    do {                                                                                                               \
        const char *a_ = (actual), *e_ = (expected);                                                                   \
        if (!a_ || strcmp(a_, e_) != 0) {                                                                              \
            printf("# %s:%d: %s is \"%s\", expected \"%s\"\n", __FILE__, __LINE__, #actual, a_ ? a_ : "(null)", e_);   \
            test_failed = true;                                                                                        \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)

/* What the caller left (nohup ignores SIGHUP, some CI services SIGINT or SIGPIPE) must not decide how tests end. */
static inline void default_signals(void)
{
    sigset_t none;

    for (int number = 1; number < SIGRTMIN; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Run the N tests of TABLE; returns the exit status. */
static inline int test_main(const struct test *table, size_t n)
{
    int failures = 0;

    default_signals();
    printf("1..%zu\n", n);
    for (size_t i = 0; i < n; i++) {
        test_failed = false;
        table[i].run();
        printf("%s %zu - %s\n", test_failed ? "not ok" : "ok", i + 1, table[i].name);
        failures += test_failed;
    }
    return failures != 0;
}

#define TEST_MAIN(table)                                                                                               \
    int main(void)                                                                                                     \
    {                                                                                                                  \
        return test_main(table, sizeof(table) / sizeof((table)[0]));                                                   \
    }
