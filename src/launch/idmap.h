// SPDX-License-Identifier: LGPL-2.1-or-later
/* Id-mapped mounts: a detached tree gets a map before it is attached anywhere. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* Whether the kernel takes a MAP of that size. */
int idmap_check(const char *map, struct error *err);

/* Write MAP to FILE ("uid_map") of process PID: at once, as the kernel wants it, and so of less than a page. */
int idmap_write(int pid, const char *file, const char *map, struct error *err);

/* Map the ids of the detached tree TREE_FD (RECURSIVE: of every mount in it) by the kernel's map lines UIDS and GIDS. */
int idmap_tree(int tree_fd, const char *uids, const char *gids, bool recursive, struct error *err);
