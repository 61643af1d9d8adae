// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Paths and files of one cgroup directory, for the files of this folder. Paths come from plans and from state files:
 * ".." is refused here again, and no symbolic link is followed in the last component (cgroup file systems have none).
 */
#pragma once

#include "cgroup/cgroup.h"

#define CGROUP_PATH_SIZE 4096
#define CGROUP_FILE_SIZE ((size_t) 16 << 20)

/* "MOUNT/PATH", or "MOUNT/PATH/FILE" with FILE, into BUFFER. */
int cgroup_path(const struct cgroup_dir *dir, const char *file, char buffer[CGROUP_PATH_SIZE], struct error *err);

/* One write(2) of VALUE; the plain -errno, without a message. */
int cgroup_write_raw(const struct cgroup_dir *dir, const char *file, const char *value);

/* ranges.c: the values that FILE takes, in words; NULL: unknown. */
const char *cgroup_range(const char *file);

/* What cgroup.type says if it is not "domain", as a hint for an error; "" otherwise or on v1. */
const char *cgroup_type_hint(const struct cgroup_dir *dir);
