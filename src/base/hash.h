// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A hash of bytes, to find things and to see damage. It is fast, eight bytes at a time, and resists nobody: whoever picks
 * the bytes can make two of one hash, so what was found by it is compared with what was looked for.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(const void *data, size_t size);
