// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copying in the program where musl is its C library, on x86-64. musl's is `rep movsq`, which takes some thirty cycles to start, and what is copied here
 * are names and numbers of a few bytes, thousands in a start: a sixth of the time of reading JSON was it. So short copies are two moves that
 * may overlap; long ones stay with the processor's instruction.
 *
 * The compiler must not make a call of memcpy out of memcpy: copies of a constant size become moves.
 */
#include <stdint.h>
#include <string.h>

enum { LONG = 256 };

/* Or the compiler sees a copy, and has an instruction or a call for it. */
#define NO_LOOP_OF_BYTES __asm__ volatile("" : : : "memory")

#define MOVE(type)                                                                                                     \
    do {                                                                                                               \
        type head, tail;                                                                                               \
        __builtin_memcpy(&head, from, sizeof head);                                                                    \
        __builtin_memcpy(&tail, from + n - sizeof tail, sizeof tail);                                                  \
        __builtin_memcpy(to, &head, sizeof head);                                                                      \
        __builtin_memcpy(to + n - sizeof tail, &tail, sizeof tail);                                                    \
    } while (0)

typedef uint64_t pair __attribute__((vector_size(16)));

/* All is read before anything is written: right for memory that overlaps too. */
static inline __attribute__((always_inline)) void copy_short(char *to, const char *from, size_t n)
{
    if (n >= 16)
        MOVE(pair);
    else if (n >= 8)
        MOVE(uint64_t);
    else if (n >= 4)
        MOVE(uint32_t);
    else if (n >= 2)
        MOVE(uint16_t);
    else if (n)
        *to = *from;
}

static void copy_long(char *to, const char *from, size_t n)
{
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

static void copy_middle(char *to, const char *from, size_t n)
{
    for (; n > 32; n -= 16, to += 16, from += 16) {
        pair words;

        __builtin_memcpy(&words, from, sizeof words);
        __builtin_memcpy(to, &words, sizeof words);
        NO_LOOP_OF_BYTES;
    }
    copy_short(to, from, n);
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    if (n <= 32)
        copy_short(to, from, n);
    else if (n < LONG)
        copy_middle(to, from, n);
    else
        copy_long(to, from, n);
    return to;
}

/* From the end, where the beginning would be overwritten before it is read. */
static void copy_back(char *to, const char *from, size_t n)
{
    while (n > 32) {
        pair words;

        n -= sizeof words;
        __builtin_memcpy(&words, from + n, sizeof words);
        __builtin_memcpy(to + n, &words, sizeof words);
        NO_LOOP_OF_BYTES;
    }
    copy_short(to, from, n);
}

void *memmove(void *to, const void *from, size_t n)
{
    if ((uintptr_t) to - (uintptr_t) from >= n)
        return memcpy(to, from, n);
    copy_back(to, from, n);
    return to;
}
