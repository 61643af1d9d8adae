// SPDX-License-Identifier: LGPL-2.1-or-later
/* The arena: a reserved mapping and a mark that only moves forward; see arena.h. */
#include "base/arena.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/format.h"

enum { ALIGNMENT = 16 };

int arena_init(struct arena *arena, size_t size, struct error *err)
{
    void *base = MAP_FAILED;

    *arena = (struct arena){ 0 };
    /* A limit on address space (RLIMIT_AS) may refuse the full size; halves are tried down to 1 MiB. */
    for (; base == MAP_FAILED && size >= (size_t) 1 << 20; size /= 2) {
        base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (base != MAP_FAILED)
            break;
    }
    if (base == MAP_FAILED) {
        arena->failed = true;
        return error_errno(err, -ENOMEM, "reserve memory");
    }
    arena->base = base;
    arena->size = size;
    return 0;
}

void arena_done(struct arena *arena)
{
    if (arena->base)
        munmap(arena->base, arena->size);
    *arena = (struct arena){ 0 };
}

void arena_reset(struct arena *arena)
{
    memset(arena->base, 0, arena->used);
    arena->used = 0;
    arena->failed = false;
}

void *arena_alloc(struct arena *arena, size_t n, size_t size)
{
    size_t bytes, start = (arena->used + ALIGNMENT - 1) & ~(size_t) (ALIGNMENT - 1);

    if (__builtin_mul_overflow(n, size, &bytes) || start > arena->size || bytes > arena->size - start) {
        arena->failed = true;
        return NULL;
    }
    arena->used = start + bytes;
    return arena->base + start; /* zero: a fresh page, or what arena_reset has left */
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, 1, length + 1);

    if (copy)
        memcpy(copy, text, length);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args, again;
    char *text;
    int length;

    va_start(args, format);
    va_copy(again, args);
    length = format_text(NULL, 0, format, args);
    text = length < 0 ? NULL : arena_alloc(arena, 1, (size_t) length + 1);
    if (text)
        format_text(text, (size_t) length + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}
