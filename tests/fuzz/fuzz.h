// SPDX-License-Identifier: GPL-2.0-or-later
/* What the targets share: an arena for one input, and what holds for every error that a person may read. */
#pragma once

#include <assert.h>
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/utf8.h"
#include "spec/load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A code, and one printable line. */
static inline void check_error(const struct error *err)
{
    size_t length = strlen(err->text);

    assert(err->code < 0 && length > 0);
    assert(length < ERROR_TEXT_SIZE && utf8_check(err->text, length) == length);
    for (size_t i = 0; i < length; i++)
        assert(!iscntrl((unsigned char) err->text[i]));
}

/* The same for an error with words of its input, which are escaped only when it is written. */
static inline void check_raw_error(const struct error *err)
{
    assert(err->code < 0 && err->text[0] && strnlen(err->text, ERROR_TEXT_SIZE) < ERROR_TEXT_SIZE);
}

static inline struct arena fuzz_arena(void)
{
    struct arena arena;
    struct error err;

    if (arena_init(&arena, (size_t) 64 << 20, &err) < 0)
        abort();
    return arena;
}

/* The bytes as malloc'd text, so that reading one too far is seen. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    if (!text)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

/* The next NUL-terminated piece of a text of *LEFT bytes behind *TEXT; "" after the last. */
static inline const char *fuzz_piece(const char **text, size_t *left)
{
    const char *piece = *text;
    size_t length = strnlen(piece, *left);

    *text += length;
    *left -= length;
    if (*left > 0) {
        ++*text;
        --*left;
    }
    return piece;
}
