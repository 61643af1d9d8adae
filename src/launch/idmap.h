// SPDX-License-Identifier: LGPL-2.1-or-later
/* Id-mapped mounts: a detached tree gets a map before it is attached anywhere. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* Whether the kernel takes a MAP of that size. */
int idmap_check(const char *map, struct error *err);

/* Write MAP to FILE ("uid_map") of process PID: at once, as the kernel wants it, and so of less than a page. */
int idmap_write(int pid, const char *file, const char *map, struct error *err);

/* A user namespace with the kernel's map lines UIDS and GIDS, in which nobody is. */
int idmap_namespace(const char *uids, const char *gids, struct error *err);

/* Map the ids of the detached tree TREE_FD (RECURSIVE: of every mount in it) as user namespace NAMESPACE_FD does. */
int idmap_tree(int tree_fd, int namespace_fd, bool recursive, struct error *err);
