// SPDX-License-Identifier: LGPL-2.1-or-later
/* The controllers that count things against a limit: pids, hugetlb, rdma. */
#include "cgroup/stats.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"

/* Without the controller nobody counts threads; processes are counted here then. */
static void count_processes(const struct stats *stats, const struct cgroup_dir *dir)
{
    _cleanup_free_ pid_t *pids = NULL;
    size_t n = 0;

    if (dir && cgroup_pids(dir, &pids, &n, NULL) >= 0)
        jw_member_uint(stats->w, "current", n);
}

/* No limit is left out, as 0 is a real one. */
void stats_pids(const struct stats *stats)
{
    const struct cgroup_dir *dir = stats_find(stats, "pids", "pids");
    uint64_t current, limit;

    jw_object_begin(stats->w);
    if (stats_number(dir, "pids.current", &current))
        jw_member_uint(stats->w, "current", current);
    else
        count_processes(stats, dir);
    if (stats_number(dir, "pids.max", &limit) && limit != UINT64_MAX)
        jw_member_uint(stats->w, "limit", limit);
    jw_object_end(stats->w);
}

/* ---- hugetlb ---- */

static void hugetlb_v1(const struct stats *stats, const struct cgroup_dir *dir, const char *size)
{
    static const char *const members[][2] = {
        {"usage",    "usage_in_bytes"    },
        { "max",     "max_usage_in_bytes"},
        { "failcnt", "failcnt"           }
    };
    char file[128];

    for (size_t i = 0; i < 3; i++) {
        snprintf(file, sizeof file, "hugetlb.%s.%s", size, members[i][1]);
        stats_member(stats, members[i][0], dir, file);
    }
}

static void hugetlb_v2(const struct stats *stats, const struct cgroup_dir *dir, const char *size)
{
    _cleanup_free_ char *events = NULL;
    char file[128];

    snprintf(file, sizeof file, "hugetlb.%s.current", size);
    stats_member(stats, "usage", dir, file);
    snprintf(file, sizeof file, "hugetlb.%s.events", size);
    events = stats_read(dir, file);
    jw_member_uint(stats->w, "failcnt", events ? stats_value(events, "max") : 0);
}

/* The "2MB" of "hugetlb.2MB" SUFFIX; reservations have files of their own, "hugetlb.2MB.rsvd" SUFFIX. */
static bool page_size(const char *name, const char *suffix, char size[32])
{
    size_t length;

    if (strncmp(name, "hugetlb.", 8) != 0)
        return false;
    length = strcspn(name + 8, ".");
    if (length == 0 || length >= 32 || strcmp(name + 8 + length, suffix) != 0)
        return false;
    memcpy(size, name + 8, length);
    size[length] = '\0';
    return true;
}

static DIR *open_listing(const struct cgroup_dir *dir)
{
    int fd = dir ? cgroup_open(dir, NULL) : -1;
    DIR *listing = fd < 0 ? NULL : fdopendir(fd);

    if (!listing)
        fd_close(&fd);
    return listing;
}

void stats_hugetlb(const struct stats *stats)
{
    const struct cgroup_dir *dir = stats_find(stats, "hugetlb", "hugetlb");
    DIR *listing = open_listing(dir);
    const struct dirent *entry;
    char size[32];

    jw_object_begin(stats->w);
    while (listing && (entry = readdir(listing))) {
        if (!page_size(entry->d_name, dir->v2 ? ".current" : ".usage_in_bytes", size))
            continue;
        jw_key(stats->w, size);
        jw_object_begin(stats->w);
        (dir->v2 ? hugetlb_v2 : hugetlb_v1)(stats, dir, size);
        jw_object_end(stats->w);
    }
    if (listing)
        closedir(listing);
    jw_object_end(stats->w);
}

/* ---- rdma ---- */

/* The numbers have 32 bits for those who read them. */
static void rdma_entry(const struct stats *stats, const char *line)
{
    uint64_t value;

    jw_object_begin(stats->w);
    jw_key(stats->w, "device");
    jw_string_n(stats->w, line, strcspn(line, " \n"));
    if (stats_pair(line, "hca_handle", &value))
        jw_member_uint(stats->w, "hca_handles", value < UINT32_MAX ? value : UINT32_MAX);
    if (stats_pair(line, "hca_object", &value))
        jw_member_uint(stats->w, "hca_objects", value < UINT32_MAX ? value : UINT32_MAX);
    jw_object_end(stats->w);
}

static void rdma_list(const struct stats *stats, const char *key, const char *file)
{
    _cleanup_free_ char *text = stats_read(stats_find(stats, "rdma", "rdma"), file);

    if (!text || !*text)
        return;
    jw_key(stats->w, key);
    jw_array_begin(stats->w);
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
        rdma_entry(stats, line);
    jw_array_end(stats->w);
}

void stats_rdma(const struct stats *stats)
{
    jw_object_begin(stats->w);
    rdma_list(stats, "rdma_limit", "rdma.max");
    rdma_list(stats, "rdma_current", "rdma.current");
    jw_object_end(stats->w);
}
