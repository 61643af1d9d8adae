// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The heap of the program where musl is its C library (docs/decisions/0060). musl's gives every size its own pages and
 * gives them back as soon as they are empty: a start of a container then spends 60 system calls and 70 page faults on
 * the few kilobytes that json-c asks for. Here memory is cut from one region, from front to back, and a freed block
 * waits in the list of its size for the next that needs one; nothing goes back to the kernel before the end. A program
 * that runs for long (events, run) thus keeps what it needed at most.
 *
 * Sizes are rounded up to 32, 48, 64, 96, 128 ... with the header. A block that is freed twice, or was never ours, ends
 * the program. There are no threads. The state of a heap cannot but be global.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { N_CLASSES = 80, CHUNK_SIZE = 256 << 10, FIRST_SIZE = 48 << 10 };
enum { BLOCK_USED = 0x75736564, BLOCK_FREE = 0x66726565 };

struct block {
    uint32_t state, class;
    struct block *next; /* while it is free */
};

static _Alignas(16) char first[FIRST_SIZE];
static struct {
    char *at, *end;
    struct block *free[N_CLASSES];
} heap = { first, first + FIRST_SIZE, { NULL } };

static size_t class_size(uint32_t class)
{
    return (size_t) (class % 2 ? 48 : 32) << class / 2;
}

static uint32_t class_of(size_t size)
{
    uint32_t class = 0;

    while (class_size(class) < size + sizeof(struct block))
        class ++;
    return class;
}

/* What is left of the region before is lost: less than the block that did not fit. */
static bool more(size_t size)
{
    size_t length = size > CHUNK_SIZE ? size : CHUNK_SIZE;
    void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        return false;
    heap.at = memory;
    heap.end = heap.at + length;
    return true;
}

static struct block *cut(uint32_t class)
{
    size_t size = class_size(class);
    struct block *block;

    if ((size_t) (heap.end - heap.at) < size && !more(size))
        return NULL;
    block = (struct block *) heap.at;
    heap.at += size;
    block->class = class;
    return block;
}

/* *RET_ZERO: nobody has had it before. */
static void *take(size_t size, bool *ret_zero)
{
    uint32_t class;
    struct block *block;

    if (size > PTRDIFF_MAX / 2) {
        errno = ENOMEM;
        return NULL;
    }
    class = class_of(size);
    block = heap.free[class];
    *ret_zero = !block;
    if (block)
        heap.free[class] = block->next;
    else if (!(block = cut(class)))
        return NULL;
    block->state = BLOCK_USED;
    return block + 1;
}

static struct block *block_of(void *memory)
{
    struct block *block = (struct block *) memory - 1;

    if (block->state != BLOCK_USED || block->class >= N_CLASSES)
        abort();
    return block;
}

void *malloc(size_t size)
{
    bool zero;

    return take(size, &zero);
}

void *calloc(size_t n, size_t size)
{
    size_t bytes;
    bool zero;
    void *memory;

    if (__builtin_mul_overflow(n, size, &bytes))
        bytes = SIZE_MAX;
    memory = take(bytes, &zero);
    return memory && !zero ? memset(memory, 0, bytes) : memory;
}

void free(void *memory)
{
    struct block *block;

    if (!memory)
        return;
    block = block_of(memory);
    block->state = BLOCK_FREE;
    block->next = heap.free[block->class];
    heap.free[block->class] = block;
}

void *realloc(void *memory, size_t size)
{
    size_t room = memory ? class_size(block_of(memory)->class) - sizeof(struct block) : 0;
    void *copy;

    if (memory && size <= room)
        return memory;
    copy = malloc(size);
    if (!copy || !memory)
        return copy;
    memcpy(copy, memory, room);
    free(memory);
    return copy;
}
