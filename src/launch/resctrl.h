// SPDX-License-Identifier: LGPL-2.1-or-later
/* linux.intelRdt: groups of the resctrl file system (Documentation/filesystems/resctrl.rst). Paths are absolute. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* Make group PATH if it is not there. MUST_EXIST: it has to be. */
int resctrl_make(const char *path, bool must_exist, bool *ret_made, struct error *err);

/* Give the group that was MADE the SCHEMATA (lines); one that was there must have them already. */
int resctrl_apply(const char *path, const char *schemata, bool made, struct error *err);

int resctrl_join(const char *path, pid_t pid, struct error *err);

/* Whether every value that WANTED asks for is what PRESENT, the text of a schemata file, says. Pure. */
bool resctrl_agrees(const char *wanted, const char *present);
