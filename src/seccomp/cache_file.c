// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a file of the cache holds: a header, the text of linux.seccomp, the program, and what the compilation passed over.
 * The file is our own (cache.c has looked), so the checks here are against damage: a disk that lost its power, an older crun. That the program
 * may be loaded the kernel checks, as of any.
 */
#include <errno.h>
#include <linux/filter.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "seccomp/cache.h"
#include "seccomp/cache_build.h"
#include "seccomp/calls.h"

struct header {
    char magic[8];
    uint64_t build; /* of the sources of decoder and compiler, and of their tables: made when crun is built */
    uint32_t arch;
    uint32_t flags;
    uint64_t text_size, program_size, notes_size;
    uint64_t hash; /* of program and notes, and the flags added */
};

static const char magic[8] = "crunbpf\1"; /* the last byte counts versions of the format */

static bool is_of_this_build(const struct header *header)
{
    return memcmp(header->magic, magic, sizeof magic) == 0 && header->build == SECCOMP_CACHE_BUILD &&
           header->arch == calls_native();
}

/* The sizes are as they are in the N bytes of the file. */
static bool fits(const struct header *header, size_t n)
{
    size_t rest = n - sizeof *header;

    return header->text_size <= rest && header->program_size <= rest && header->notes_size <= rest &&
           header->text_size + header->program_size + header->notes_size == rest;
}

/* Each jump ends in the program, and the program in a return. */
static bool is_program(const char *bytes, size_t size)
{
    size_t n = size / sizeof(struct sock_filter);
    struct sock_filter at = { 0 };

    if (n == 0 || n > BPF_MAXINSNS || size % sizeof at != 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        size_t behind = n - i - 1;

        memcpy(&at, bytes + i * sizeof at, sizeof at);
        if (BPF_CLASS(at.code) != BPF_JMP)
            continue;
        if (BPF_OP(at.code) == BPF_JA ? at.k >= behind : at.jt >= behind || at.jf >= behind)
            return false;
    }
    return BPF_CLASS(at.code) == BPF_RET;
}

static int take(const struct header *header, const char *program, struct seccomp_cached *ret)
{
    struct seccomp_cached taken = {
        .filter = {malloc(header->program_size), header->program_size, header->flags},
        .notes = malloc(header->notes_size + 1),
    };

    if (!taken.filter.program || !taken.notes) {
        seccomp_cached_done(&taken);
        return -ENOMEM;
    }
    memcpy(taken.filter.program, program, header->program_size);
    memcpy(taken.notes, program + header->program_size, header->notes_size);
    taken.notes[header->notes_size] = '\0';
    *ret = taken;
    return 1;
}

int seccomp_cache_parse(const void *data, size_t n, const char *text, size_t size, struct seccomp_cached *ret)
{
    const char *kept = (const char *) data + sizeof(struct header), *program;
    struct header header;

    if (n < sizeof header)
        return -EINVAL;
    memcpy(&header, data, sizeof header);
    if (!is_of_this_build(&header))
        return 0;
    if (!fits(&header, n))
        return -EINVAL;
    if (header.text_size != size || memcmp(kept, text, size) != 0)
        return 0;
    program = kept + size;
    if (hash_bytes(program, header.program_size + header.notes_size) + header.flags != header.hash ||
        !is_program(program, header.program_size))
        return -EINVAL;
    return take(&header, program, ret);
}

void *seccomp_cache_format(const char *text, size_t size, const struct seccomp_cached *what, size_t *ret_n)
{
    struct header header = { .build = SECCOMP_CACHE_BUILD,
                             .arch = calls_native(),
                             .flags = what->filter.flags,
                             .text_size = size,
                             .program_size = what->filter.size,
                             .notes_size = strlen(what->notes) };
    size_t rest = header.program_size + header.notes_size;
    char *data = malloc(sizeof header + size + rest), *program;

    if (!data)
        return NULL;
    program = data + sizeof header + size;
    memcpy(header.magic, magic, sizeof magic);
    memcpy(data + sizeof header, text, size);
    memcpy(program, what->filter.program, header.program_size);
    memcpy(program + header.program_size, what->notes, header.notes_size);
    header.hash = hash_bytes(program, rest) + header.flags;
    memcpy(data, &header, sizeof header);
    *ret_n = sizeof header + size + rest;
    return data;
}
