// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Programs that were compiled before, by the text of their linux.seccomp: ROOT/.seccomp/, a file a profile (docs/decisions/0270).
 * A file holds the whole text, which is compared; the name, its hash, only finds it. A container's id begins with no dot.
 *
 * Whoever can write there decides what containers may do. So the folder and each file are ours and nobody else has a right to
 * them, a file has one name, is no link, and is made complete before it has that name; anything else is not believed.
 */
#pragma once

#include <stddef.h>

#include "seccomp/seccomp.h"

#define SECCOMP_CACHE_FOLDER ".seccomp"
#define SECCOMP_CACHE_FILES  32                   /* the oldest goes for the next */
#define SECCOMP_CACHE_LIMIT  ((size_t) 256 << 10) /* bytes of a file */
#define SECCOMP_CACHE_WORTH  ((size_t) 1 << 10)   /* bytes of a text: a shorter one is compiled sooner than looked up */

struct seccomp_cached {
    struct seccomp_filter filter;
    char *notes; /* what the compilation passed over, lines that end in '\n'; "" if nothing, malloc'd */
};

/* 1 with *RET for the SIZE bytes of TEXT; 0: it is not there; negative: what is there is not believed, or cannot be read. */
int seccomp_cache_find(int root_fd, const char *text, size_t size, struct seccomp_cached *ret);

/* Keep it. 0, or why not. */
int seccomp_cache_keep(int root_fd, const char *text, size_t size, const struct seccomp_cached *what);

/* The N bytes of a file at DATA: 1 with *RET if they are for TEXT, 0 if for another or by another build, -EINVAL if damaged. Pure. */
int seccomp_cache_parse(const void *data, size_t n, const char *text, size_t size, struct seccomp_cached *ret);

/* The bytes of a file, malloc'd; NULL: no memory. Pure. */
void *seccomp_cache_format(const char *text, size_t size, const struct seccomp_cached *what, size_t *ret_n);

void seccomp_cached_done(struct seccomp_cached *cached);
