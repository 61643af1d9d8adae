// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One region of memory for things that live and die together (a spec, a plan). Address space is reserved
 * once and pages come as they are touched, so pointers never move and an allocation costs an addition.
 * An arena is sticky: when it is exhausted (or could not be reserved) arena_alloc returns NULL, `failed`
 * is set, and the builder that uses it checks once at its end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct arena {
    char *base;
    size_t used, size;
    bool failed;
};

#define ARENA_DEFAULT_SIZE ((size_t) 1 << 30)

/* Reserve SIZE bytes of address space. Returns -ENOMEM when the kernel refuses. */
int arena_init(struct arena *arena, size_t size, struct error *err);
void arena_done(struct arena *arena);

/* Take everything back that was handed out, for the next to be remembered. */
void arena_reset(struct arena *arena);

/* Zeroed memory aligned for any type, or NULL (sticky). N objects of SIZE bytes; overflow is exhaustion. */
void *arena_alloc(struct arena *arena, size_t n, size_t size);
#define arena_new(arena, type, n) ((type *) arena_alloc((arena), (n), sizeof(type)))

char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_printf(struct arena *arena, const char *format, ...) _printf_(2, 3);
