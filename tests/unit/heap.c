// SPDX-License-Identifier: GPL-2.0-or-later
/* The heap of the musl program (src/cli/heap.c), in the place of this program's own. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

enum { N = 2000 };

static void fill(unsigned char *memory, size_t size, int seed)
{
    for (size_t i = 0; i < size; i++)
        memory[i] = (unsigned char) (seed + (int) i);
}

static bool filled(const unsigned char *memory, size_t size, int seed)
{
    for (size_t i = 0; i < size; i++)
        if (memory[i] != (unsigned char) (seed + (int) i))
            return false;
    return true;
}

/* Random calls; every block keeps what was written to it, whatever happens to the others. */
static void test_random(void)
{
    static unsigned char *blocks[64];
    static size_t sizes[64];

    srand(1);
    for (int round = 0; round < N; round++) {
        int i = rand() % 64;
        size_t size = (size_t) rand() % (round % 50 ? 600 : 400000);
        size_t kept = size < sizes[i] ? size : sizes[i];

        CHECK(!blocks[i] || filled(blocks[i], sizes[i], i));
        if (rand() % 3) {
            blocks[i] = realloc(blocks[i], size);
            CHECK(filled(blocks[i], kept, i));
        } else {
            free(blocks[i]);
            blocks[i] = malloc(size);
        }
        CHECK(blocks[i] && (uintptr_t) blocks[i] % 16 == 0);
        sizes[i] = size;
        fill(blocks[i], size, i);
    }
}

static void test_calloc(void)
{
    static const unsigned char zeros[1000];
    unsigned char *memory = malloc(1000);
    uintptr_t place = (uintptr_t) memory;

    fill(memory, 1000, 7);
    free(memory);
    memory = calloc(10, 100);
    CHECK((uintptr_t) memory == place); /* the same block again */
    CHECK(memcmp(memory, zeros, sizeof zeros) == 0);
    free(memory);
}

static void test_too_much(void)
{
    volatile size_t half = SIZE_MAX / 2 + 1;

    errno = 0;
    CHECK(!malloc(half) && errno == ENOMEM);
    CHECK(!calloc(half, 2));
    CHECK(!realloc(NULL, half));
    free(NULL);
}

static int status_of(void (*function)(void))
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        function();
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return status;
}

static void free_twice(void)
{
    void *volatile memory = malloc(10);

    free(memory);
    free(memory);
}

static void free_another(void)
{
    static char memory[64];
    char *volatile middle = memory + 32;

    free(middle);
}

static void test_misuse(void)
{
    CHECK(WIFSIGNALED(status_of(free_twice)));
    CHECK(WIFSIGNALED(status_of(free_another)));
}

static const struct test tests[] = {
    {"random calls",              test_random  },
    { "calloc clears old memory", test_calloc  },
    { "what is too much",         test_too_much},
    { "what must not be freed",   test_misuse  },
};

int main(void)
{
    return test_main(tests, sizeof tests / sizeof tests[0]);
}
