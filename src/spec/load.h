// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reading JSON documents into plain structs: config.json into struct spec, a process object (exec --process) into
 * struct spec_process, a resources object (update --resources) into struct spec_resources, an array of mounts
 * (mounts add) into struct spec_mount[].
 *
 * Errors are one line and say where: syntax as FILE:LINE:COLUMN: what; meaning as
 * FILE:LINE:COLUMN: JSON.PATH: expected X, found Y (`config.json:31:18: linux.resources.pids.limit: expected an
 * integer, found "ten"`). The decoder is sticky: the first problem is remembered. Codes: -EINVAL for a bad document,
 * -EFBIG above SPEC_FILE_LIMIT, otherwise what open or read returned. More than 300,000 objects and arrays, or 2,000,000
 * values, are a bad document too.
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "spec/spec.h"

#define SPEC_FILE_LIMIT ((size_t) 32 << 20) /* bytes; a config with 100,000 mounts has 15 MiB */

/* A document as it was read: the text stays available for the state directory's copy. */
struct document {
    const char *name; /* as errors call it: "config.json" */
    char *text;       /* malloc'd, NUL-terminated */
    size_t size;
    void (*warn)(void *userdata, const struct error *warning); /* set after reading; NULL: nobody wants to know */
    void *userdata;
};

/* Read NAME below DIR_FD; `-` is standard input. Sets document->name to NAME, which the caller keeps, or to
 * "standard input". An empty file, and a FIFO that nobody writes to, is an empty document here. */
int document_read(struct document *document, int dir_fd, const char *name, struct error *err);
void document_done(struct document *document);

int spec_load(const struct document *document, struct arena *arena, const struct spec **ret_spec, struct error *err);
int spec_load_process(const struct document *document, struct arena *arena, const struct spec_process **ret_process,
                      struct error *err);
int spec_load_resources(const struct document *document, struct arena *arena,
                        const struct spec_resources **ret_resources, struct error *err);

/* An array of mounts, each as in config.json (`mounts add FILE`). */
int spec_load_mounts(const struct document *document, struct arena *arena, struct spec_mount **ret_mounts,
                     size_t *ret_n, struct error *err);

/* Every problem of the document, not only the first (`crun check`): calls REPORT for each, of 100 at most; returns how
 * many it reported. A syntax error is the only one. *RET_SPEC is what could be decoded, for further checks: members that
 * were wrong are absent, strings that have to be there are empty; NULL when there is no sense in going on. */
int spec_check(const struct document *document, struct arena *arena,
               void (*report)(void *userdata, const struct error *problem), void *userdata,
               const struct spec **ret_spec);
