// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * memory. v1 counts memory and swap together and v2 swap alone; here both are together, as consumers know it. What v2 does
 * not limit (kernel memory) is an entry of zeros.
 */
#include "cgroup/stats.h"

#include <stdlib.h>
#include <string.h>

#include "base/fd.h"

struct entry {
    const char *key;
    const char *limit, *usage, *max, *failcnt; /* files of v1 */
};

static const struct entry entries_v1[] = {
    {"usage",      "memory.limit_in_bytes",          "memory.usage_in_bytes",          "memory.max_usage_in_bytes",       "memory.failcnt"         },
    { "swap",      "memory.memsw.limit_in_bytes",    "memory.memsw.usage_in_bytes",    "memory.memsw.max_usage_in_bytes",
     "memory.memsw.failcnt"                                                                                                                        },
    { "kernel",    "memory.kmem.limit_in_bytes",     "memory.kmem.usage_in_bytes",     "memory.kmem.max_usage_in_bytes",
     "memory.kmem.failcnt"                                                                                                                         },
    { "kernelTCP", "memory.kmem.tcp.limit_in_bytes", "memory.kmem.tcp.usage_in_bytes",
     "memory.kmem.tcp.max_usage_in_bytes",                                                                                "memory.kmem.tcp.failcnt"},
};

struct usage {
    uint64_t limit, usage, max, failcnt;
};

static void write_entry(const struct stats *stats, const char *key, const struct usage *usage)
{
    jw_key(stats->w, key);
    jw_object_begin(stats->w);
    jw_member_uint(stats->w, "limit", usage->limit);
    jw_member_uint(stats->w, "usage", usage->usage);
    jw_member_uint(stats->w, "max", usage->max);
    jw_member_uint(stats->w, "failcnt", usage->failcnt);
    jw_object_end(stats->w);
}

static void entries_of_v1(const struct stats *stats, const struct cgroup_dir *dir)
{
    for (size_t i = 0; i < sizeof entries_v1 / sizeof entries_v1[0]; i++) {
        const struct entry *entry = &entries_v1[i];
        struct usage usage = { 0 };

        stats_number(dir, entry->limit, &usage.limit);
        stats_number(dir, entry->usage, &usage.usage);
        stats_number(dir, entry->max, &usage.max);
        stats_number(dir, entry->failcnt, &usage.failcnt);
        write_entry(stats, entry->key, &usage);
    }
}

/* "No limit" plus something is still no limit. */
static uint64_t sum(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static void entries_of_v2(const struct stats *stats, const struct cgroup_dir *dir)
{
    _cleanup_free_ char *events = stats_read(dir, "memory.events"),
                        *swap_events = stats_read(dir, "memory.swap.events");
    struct usage memory = { 0 }, swap = { 0 };

    stats_number(dir, "memory.max", &memory.limit);
    stats_number(dir, "memory.current", &memory.usage);
    stats_number(dir, "memory.peak", &memory.max);
    memory.failcnt = events ? stats_value(events, "max") : 0;
    stats_number(dir, "memory.swap.max", &swap.limit);
    stats_number(dir, "memory.swap.current", &swap.usage);
    stats_number(dir, "memory.swap.peak", &swap.max);
    swap = (struct usage){ sum(swap.limit, memory.limit), sum(swap.usage, memory.usage), sum(swap.max, memory.max),
                           swap_events ? stats_value(swap_events, "max") : 0 };
    write_entry(stats, "usage", &memory);
    write_entry(stats, "swap", &swap);
    write_entry(stats, "kernel", &(struct usage){ 0 });
    write_entry(stats, "kernelTCP", &(struct usage){ 0 });
}

/* memory.stat as it is: "cache 4096" a line. */
static void write_raw(const struct stats *stats, const char *text)
{
    if (!*text)
        return;
    jw_key(stats->w, "raw");
    jw_object_begin(stats->w);
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        size_t length = strcspn(line, " \n");
        char key[64];

        if (line[length] != ' ' || length >= sizeof key)
            continue;
        memcpy(key, line, length);
        key[length] = '\0';
        jw_member_uint(stats->w, key, strtoull(line + length, NULL, 10));
    }
    jw_object_end(stats->w);
}

void stats_memory(const struct stats *stats)
{
    const struct cgroup_dir *dir = stats_find(stats, "memory", "memory");
    _cleanup_free_ char *stat = stats_read(dir, "memory.stat");

    jw_object_begin(stats->w);
    if (stat)
        jw_member_uint(stats->w, "cache", stats_value(stat, dir && dir->v2 ? "file" : "cache"));
    if (dir && !dir->v2)
        entries_of_v1(stats, dir);
    else
        entries_of_v2(stats, dir);
    write_raw(stats, stat ? stat : "");
    stats_psi(stats, "memory.pressure");
    jw_object_end(stats->w);
}
