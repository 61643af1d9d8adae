// SPDX-License-Identifier: GPL-2.0-or-later
/* The arena and the error value. */
#include "test.h"

#include <errno.h>
#include <stdint.h>

#include <limits.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/format.h"

static void allocations_are_zero_and_aligned(void)
{
    struct arena arena;
    struct error err = { 0 };

    CHECK_INT(arena_init(&arena, 1 << 20, &err), 0);
    for (size_t n = 1; n < 100; n++) {
        char *p = arena_alloc(&arena, 1, n);

        CHECK(p && ((uintptr_t) p & 15) == 0);
        for (size_t i = 0; i < n; i++)
            CHECK(p[i] == 0);
        memset(p, 0xff, n);
    }
    CHECK(!arena.failed);
    arena_done(&arena);
}

static void a_reset_arena_is_zero_again(void)
{
    struct arena arena;
    struct error err;
    char *first, *second;

    CHECK_INT(arena_init(&arena, 1 << 20, &err), 0);
    first = arena_alloc(&arena, 1, 5000);
    memset(first, 'x', 5000);
    CHECK(!arena_alloc(&arena, SIZE_MAX / 2, 4));
    arena_reset(&arena);
    second = arena_alloc(&arena, 1, 5000);
    CHECK(second == first && !arena.failed);
    for (int i = 0; i < 5000; i++)
        CHECK_INT(second[i], 0);
    arena_done(&arena);
}

static void exhaustion_is_sticky(void)
{
    struct arena arena;
    struct error err = { 0 };

    CHECK_INT(arena_init(&arena, 1 << 20, &err), 0);
    CHECK(!arena_alloc(&arena, SIZE_MAX / 2, 4));
    CHECK(arena.failed);
    CHECK(arena_alloc(&arena, 1, 16));
    CHECK(arena.failed);
    arena_done(&arena);
}

static int formatted(char *buffer, size_t size, const char *format, ...) _printf_(3, 4);
static int formatted(char *buffer, size_t size, const char *format, ...)
{
    va_list args;
    int length;

    va_start(args, format);
    length = format_text(buffer, size, format, args);
    va_end(args);
    return length;
}

/* Whatever room there is, the same as the C library. */
#define SAME(...)                                                                                                      \
    for (size_t room = 0; room < 48; room++) {                                                                         \
        char ours[64] = "untouched", theirs[64] = "untouched";                                                         \
                                                                                                                       \
        CHECK_INT(formatted(ours, room, __VA_ARGS__), snprintf(theirs, room, __VA_ARGS__));                            \
        CHECK_STR(ours, theirs);                                                                                       \
    }

static void texts_are_those_of_printf(void)
{
    SAME("nothing to convert");
    SAME("mounts[%zu] \"%s\"", (size_t) 17, "/proc");
    SAME("%s%s%%", "", "100");
    SAME("%d %d %d %u", INT_MIN, -1, INT_MAX, UINT_MAX);
    SAME("%zu", SIZE_MAX);
    SAME("%.*s|%.*s|%.*s", 3, "abcdef", 0, "x", 9, "short");
    SAME("%5d %-4s %x %ld", 42, "a", 255U, 7L);
}

static void errors_prefix_and_spell(void)
{
    struct error err = { 0 };

    CHECK_INT(error_errno(&err, -ENOENT, "open \"%s\"", "/x"), -ENOENT);
    CHECK_INT(error_prefix(&err, "mounts[%d]", 3), -ENOENT);
    CHECK_STR(err.text, "mounts[3]: open \"/x\": no such file or directory");
}

static const struct test tests[] = {
    {"allocations are zero and aligned", allocations_are_zero_and_aligned},
    { "a reset arena is zero again",     a_reset_arena_is_zero_again     },
    { "exhaustion is sticky",            exhaustion_is_sticky            },
    { "texts are those of printf",       texts_are_those_of_printf       },
    { "errors prefix and spell",         errors_prefix_and_spell         },
};

TEST_MAIN(tests)
