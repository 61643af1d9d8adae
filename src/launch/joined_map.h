// SPDX-License-Identifier: LGPL-2.1-or-later
/* Row JOINED_MAP: linux.uidMappings and gidMappings beside the path of a user namespace, which has a map already. */
#pragma once

#include "base/error.h"

/* An error unless FILE ("uid_map", "gid_map") of process PID says the same as the lines WANTED. Where it cannot be read there
 * is nothing to compare. */
int joined_map_check(int pid, const char *file, const char *wanted, struct error *err);
