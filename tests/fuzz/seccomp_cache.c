// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file of the cache, damaged in any way: what is believed is a program that ends. The input is a list of changes to a good
 * file (place, value), then what follows behind its end.
 */
#include "tests/fuzz/fuzz.h"

#include <linux/filter.h>

#include "seccomp/cache.h"

#define CHANGES 8
#define TEXT    "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}"

static struct sock_filter program[] = {
    {BPF_LD | BPF_W | BPF_ABS,   0, 0, 0         },
    { BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 39        },
    { BPF_JMP | BPF_JA,          0, 0, 0         },
    { BPF_RET | BPF_K,           0, 0, 0x7fff0000},
};

static void check(const struct seccomp_cached *found)
{
    const struct sock_filter *code = found->filter.program;
    size_t n = found->filter.size / sizeof *code;

    assert(n > 0 && n <= BPF_MAXINSNS && BPF_CLASS(code[n - 1].code) == BPF_RET);
    assert(strlen(found->notes) < SECCOMP_CACHE_LIMIT);
}

static void parse(const void *data, size_t n)
{
    struct seccomp_cached found = { 0 };

    if (seccomp_cache_parse(data, n, TEXT, strlen(TEXT), &found) == 1)
        check(&found);
    seccomp_cached_done(&found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char notes[] = "one\n";
    const struct seccomp_cached kept = {
        .filter = {program, sizeof program, 4},
          .notes = notes
    };
    size_t n, taken = 0;
    uint8_t *file = seccomp_cache_format(TEXT, strlen(TEXT), &kept, &n), *longer;

    if (!file)
        abort();
    for (; taken + 2 <= size && taken < (size_t) 2 * CHANGES; taken += 2)
        file[data[taken] % n] = data[taken + 1];
    longer = realloc(file, n + (size - taken) + 1);
    if (!longer)
        abort();
    memcpy(longer + n, data + taken, size - taken);
    parse(longer, n + (size - taken));
    parse(data, size);
    free(longer);
    return 0;
}
