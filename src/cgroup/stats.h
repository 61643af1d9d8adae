// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The statistics of a container's cgroups as JSON, in the shape of runc's `events --stats`, which engines decode: sizes
 * in bytes, times in nanoseconds, v2's numbers under v1's names. A section whose controller the container has not
 * got, or whose file the kernel lacks, is there and empty; nothing here is an error.
 */
#pragma once

#include <stddef.h>

#include "base/json.h"
#include "cgroup/cgroup.h"

/* Write the members "cpu", "cpuset", "memory", "pids", "blkio", "hugetlb", "rdma" of an object that is open in W, from
 * the container's cgroups DIRS. */
void cgroup_stats(const struct cgroup_dir *dirs, size_t n, struct json_writer *w);

/* ---- for the files of the sections ---- */

struct stats {
    const struct cgroup_dir *dirs;
    size_t n;
    struct json_writer *w;
};

/* One section each; writes the value of its member. */
void stats_cpu(const struct stats *stats);
void stats_cpuset(const struct stats *stats);
void stats_memory(const struct stats *stats);
void stats_pids(const struct stats *stats);
void stats_block_io(const struct stats *stats);
void stats_hugetlb(const struct stats *stats);
void stats_rdma(const struct stats *stats);

/* The cgroup that has CONTROLLER, v1 before v2; NULL: none. On v2 it is the one cgroup, for any name. */
const struct cgroup_dir *stats_find(const struct stats *stats, const char *v1_controller, const char *v2_controller);

/* FILE of DIR (which may be NULL) as malloc'd text, "" if there is none; NULL without memory. */
char *stats_read(const struct cgroup_dir *dir, const char *file);

/* The number that FILE holds; "max" is UINT64_MAX. False if there is none. */
bool stats_number(const struct cgroup_dir *dir, const char *file, uint64_t *ret);

/* The member KEY from FILE, if there is one. */
void stats_member(const struct stats *stats, const char *key, const struct cgroup_dir *dir, const char *file);

/* The number behind KEY in lines of "key number"; 0 if there is none. */
uint64_t stats_value(const char *text, const char *key);

/* The number of "KEY=number" in one LINE; false if there is none. */
bool stats_pair(const char *line, const char *key, uint64_t *ret);

/* The member "psi" from FILE ("cpu.pressure") of the v2 cgroup, where the kernel has it. */
void stats_psi(const struct stats *stats, const char *file);
