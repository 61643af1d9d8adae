// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * blkio: entries of {major, minor, op, value}. On v1 which files are filled depends on the I/O scheduler: BFQ counts by
 * itself, the throttle counters are there always. v2 has one line a device in io.stat.
 */
#include "cgroup/stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"

static const struct {
    const char *key, *files[2]; /* the first one that has entries */
} lists_v1[] = {
    {"ioServiceBytesRecursive",
     { "blkio.bfq.io_service_bytes_recursive", "blkio.throttle.io_service_bytes_recursive" }                 },
    { "ioServicedRecursive",    { "blkio.bfq.io_serviced_recursive", "blkio.throttle.io_serviced_recursive" }},
    { "ioQueueRecursive",       { "blkio.bfq.io_queued_recursive" }                                          },
    { "ioServiceTimeRecursive", { "blkio.bfq.io_service_time_recursive" }                                    },
    { "ioWaitTimeRecursive",    { "blkio.bfq.io_wait_time_recursive" }                                       },
    { "ioMergedRecursive",      { "blkio.bfq.io_merged_recursive" }                                          },
    { "ioTimeRecursive",        { "blkio.bfq.time_recursive" }                                               },
    { "sectorsRecursive",       { "blkio.bfq.sectors_recursive" }                                            },
};

static const struct {
    const char *key;
    struct {
        const char *op, *name;
    } counters[3];
} lists_v2[] = {
    {"ioServiceBytesRecursive", { { "Read", "rbytes" }, { "Write", "wbytes" }, { "Discard", "dbytes" } }},
    { "ioServicedRecursive",    { { "Read", "rios" }, { "Write", "wios" }, { "Discard", "dios" } }      },
};

static void write_entry(const struct stats *stats, unsigned long major, unsigned long minor, const char *op,
                        uint64_t value)
{
    jw_object_begin(stats->w);
    jw_member_uint(stats->w, "major", major);
    jw_member_uint(stats->w, "minor", minor);
    if (*op)
        jw_member_string(stats->w, "op", op);
    jw_member_uint(stats->w, "value", value);
    jw_object_end(stats->w);
}

/* "8:0 Read 4096", or "8:0 17" where there are no operations; "Total 4096" is not a device's. */
static void entry_v1(const struct stats *stats, const char *line)
{
    unsigned long major, minor;
    unsigned long long value;
    char op[16] = "";

    if (sscanf(line, "%lu:%lu %15[A-Za-z] %llu", &major, &minor, op, &value) == 4 ||
        (*op = '\0', sscanf(line, "%lu:%lu %llu", &major, &minor, &value) == 3))
        write_entry(stats, major, minor, op, value);
}

static bool has_devices(const char *text)
{
    return text && *text >= '0' && *text <= '9';
}

static bool list_v1(const struct stats *stats, const struct cgroup_dir *dir, const char *key, const char *file)
{
    _cleanup_free_ char *text = stats_read(dir, file);

    if (!has_devices(text))
        return false;
    jw_key(stats->w, key);
    jw_array_begin(stats->w);
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
        entry_v1(stats, line);
    jw_array_end(stats->w);
    return true;
}

static void all_v1(const struct stats *stats, const struct cgroup_dir *dir)
{
    for (size_t i = 0; i < sizeof lists_v1 / sizeof lists_v1[0]; i++)
        for (size_t k = 0; k < 2 && lists_v1[i].files[k]; k++)
            if (list_v1(stats, dir, lists_v1[i].key, lists_v1[i].files[k]))
                break;
}

static void line_v2(const struct stats *stats, const char *line, size_t list)
{
    unsigned long major, minor;
    uint64_t value;

    if (sscanf(line, "%lu:%lu ", &major, &minor) != 2)
        return;
    for (size_t i = 0; i < 3; i++)
        if (stats_pair(line, lists_v2[list].counters[i].name, &value))
            write_entry(stats, major, minor, lists_v2[list].counters[i].op, value);
}

static void all_v2(const struct stats *stats, const struct cgroup_dir *dir)
{
    _cleanup_free_ char *text = stats_read(dir, "io.stat");

    for (size_t i = 0; has_devices(text) && i < sizeof lists_v2 / sizeof lists_v2[0]; i++) {
        jw_key(stats->w, lists_v2[i].key);
        jw_array_begin(stats->w);
        for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
            line_v2(stats, line, i);
        jw_array_end(stats->w);
    }
}

void stats_block_io(const struct stats *stats)
{
    const struct cgroup_dir *dir = stats_find(stats, "blkio", "io");

    jw_object_begin(stats->w);
    if (dir && dir->v2)
        all_v2(stats, dir);
    else if (dir)
        all_v1(stats, dir);
    stats_psi(stats, "io.pressure");
    jw_object_end(stats->w);
}
