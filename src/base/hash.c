// SPDX-License-Identifier: LGPL-2.1-or-later
/* Words are mixed in by a multiplication, whose upper half (where every bit of the word counts) is folded down; see hash.h. */
#include "base/hash.h"

#include <string.h>

#define FACTOR 0x9e3779b97f4a7c15u /* 2^64 by the golden ratio, odd */

static uint64_t mix(uint64_t h, uint64_t word)
{
    h = (h ^ word) * FACTOR;
    return h ^ h >> 32;
}

uint64_t hash_bytes(const void *data, size_t size)
{
    const char *at = data, *end = at + size;
    uint64_t h = mix(FACTOR, size), word;

    for (; (size_t) (end - at) >= sizeof word; at += sizeof word) {
        memcpy(&word, at, sizeof word);
        h = mix(h, word);
    }
    word = 0;
    memcpy(&word, at, (size_t) (end - at));
    return mix(mix(h, word), size);
}
