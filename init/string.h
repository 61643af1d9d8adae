// SPDX-License-Identifier: GPL-2.0-or-later
/* The few string functions that crun-init has, and a bounded builder for short texts. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);

bool text_equal(const char *a, const char *b);
bool text_starts(const char *text, const char *prefix);
bool text_contains(const char *text, char c);

/* A text in a buffer of SIZE bytes; what does not fit is cut off, `cut` tells. Always terminated. */
struct text {
    char *buffer;
    size_t size, length;
    bool cut;
};

struct text text_init(char *buffer, size_t size);
void text_put(struct text *text, const char *string);
void text_put_bytes(struct text *text, const char *bytes, size_t n);
/* At most LIMIT bytes: of a longer STRING the two ends, which tell more than one. */
void text_put_short(struct text *text, const char *string, size_t limit);
void text_put_number(struct text *text, long long number);

/* A decimal number without sign, all of TEXT up to END (NULL: to its NUL); -1 if it is none. */
long long text_number(const char *text, const char *end);
