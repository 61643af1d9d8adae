// SPDX-License-Identifier: LGPL-2.1-or-later
/* The options of a mount, as strings of config.json, sorted into what the kernel's calls take. One table. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct mount_options {
    uint64_t set, clear; /* MOUNT_ATTR_* of the mount itself */
    uint64_t reset;      /* cleared too, where the kernel lets us: nobody has named them */
    uint64_t recursive_set, recursive_clear;
    unsigned propagation; /* MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE, with MS_REC */
    bool bind, recursive_bind, remount;
    bool copy_up, copy_symlink, source_no_follow, target_no_follow;
    bool idmap, recursive_idmap;
    const char *idmap_ranges; /* what stands behind "idmap=", or NULL */
    const char **data;        /* for the file system: "size=64k", "newinstance" */
    size_t n_data;
    const char **unused; /* known, and without effect on any mount that we make: "acl" */
    size_t n_unused;
};

#define MOUNT_DATA_SPARE 2 /* room for data that the planner adds */

/* Sort N OPTIONS. Later ones override earlier ones. What the table does not know is data for the file system. */
void mount_options_parse(struct mount_options *ret, const char *const *options, size_t n, struct arena *arena);

/* Every name of the table, NULL-terminated, for features. */
extern const char *const mount_option_names[];
