// SPDX-License-Identifier: LGPL-2.1-or-later
/* The ranges of the mount option idmap= (and ridmap=). */
#pragma once

#include <stddef.h>

#include "plan/plan.h"

/*
 * RANGES is "uids=C-H-N#C-H-N;gids=C-H-N": ids from C in the file system are shown as those from H, N of them. With an
 * @ before the range H is an id of the container's user namespace. The kernel's map lines of KEY ("uids", "gids") by
 * MAPS, that namespace's; "" and a problem about the mount WHERE when they cannot be understood.
 */
const char *idmap_option_lines(struct planner *planner, const char *where, const char *ranges, const char *key,
                               const struct id_map *maps, size_t n_maps);
