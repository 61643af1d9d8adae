// SPDX-License-Identifier: LGPL-2.1-or-later
/* cpu: cpuacct and cpu of v1, cpu.stat of v2 (microseconds there, nanoseconds here); and the sets of cpuset. */
#include "cgroup/stats.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

#define NS_PER_US  1000u
#define NS_PER_SEC 1000000000ull

static void array_of(const struct stats *stats, const char *key, const char *text)
{
    jw_key(stats->w, key);
    jw_array_begin(stats->w);
    for (char *end; *text; text = end) {
        uint64_t value = strtoull(text, &end, 10);

        if (end == text)
            break;
        jw_uint(stats->w, value);
    }
    jw_array_end(stats->w);
}

/* cpuacct.usage_all: a heading, then "cpu user system" a line; COLUMN 1 or 2. */
static void column_of(const struct stats *stats, const char *key, const char *text, int column)
{
    jw_key(stats->w, key);
    jw_array_begin(stats->w);
    for (const char *line = strchr(text, '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
        char *at = (char *) line + 1;
        uint64_t value = 0;

        for (int i = 0; i <= column; i++)
            value = strtoull(at, &at, 10);
        jw_uint(stats->w, value);
    }
    jw_array_end(stats->w);
}

static void usage_v1(const struct stats *stats)
{
    const struct cgroup_dir *dir = stats_find(stats, "cpuacct", NULL);
    _cleanup_free_ char *percpu = stats_read(dir, "cpuacct.usage_percpu"), *all = stats_read(dir, "cpuacct.usage_all"),
                        *stat = stats_read(dir, "cpuacct.stat");
    long ticks = sysconf(_SC_CLK_TCK);
    uint64_t tick = NS_PER_SEC / (uint64_t) (ticks > 0 ? ticks : 100);

    if (!dir || !percpu || !all || !stat)
        return;
    stats_member(stats, "total", dir, "cpuacct.usage");
    array_of(stats, "percpu", percpu);
    column_of(stats, "percpu_kernel", all, 2);
    column_of(stats, "percpu_user", all, 1);
    jw_member_uint(stats->w, "kernel", stats_value(stat, "system") * tick);
    jw_member_uint(stats->w, "user", stats_value(stat, "user") * tick);
}

static void usage_v2(const struct stats *stats, const char *stat)
{
    jw_member_uint(stats->w, "total", stats_value(stat, "usage_usec") * NS_PER_US);
    jw_member_uint(stats->w, "kernel", stats_value(stat, "system_usec") * NS_PER_US);
    jw_member_uint(stats->w, "user", stats_value(stat, "user_usec") * NS_PER_US);
}

/* The same file in both versions, but for the time. */
static void throttling(const struct stats *stats, const char *stat)
{
    uint64_t time = stats_value(stat, "throttled_time");

    jw_key(stats->w, "throttling");
    jw_object_begin(stats->w);
    jw_member_uint(stats->w, "periods", stats_value(stat, "nr_periods"));
    jw_member_uint(stats->w, "throttledPeriods", stats_value(stat, "nr_throttled"));
    jw_member_uint(stats->w, "throttledTime", time ? time : stats_value(stat, "throttled_usec") * NS_PER_US);
    jw_object_end(stats->w);
}

void stats_cpu(const struct stats *stats)
{
    _cleanup_free_ char *stat = stats_read(stats_find(stats, "cpu", "cpu"), "cpu.stat");

    jw_object_begin(stats->w);
    jw_key(stats->w, "usage");
    jw_object_begin(stats->w);
    if (stats_find(stats, "cpuacct", NULL))
        usage_v1(stats);
    else if (stat)
        usage_v2(stats, stat);
    jw_object_end(stats->w);
    throttling(stats, stat ? stat : "");
    stats_psi(stats, "cpu.pressure");
    jw_object_end(stats->w);
}

/* ---- cpuset ---- */

/* "0-2,5" as [0,1,2,5] */
static void set_of(const struct stats *stats, const char *key, const char *text)
{
    char *at = (char *) text;

    if (*text < '0' || *text > '9')
        return;
    jw_key(stats->w, key);
    jw_array_begin(stats->w);
    while (*at >= '0' && *at <= '9') {
        uint64_t first = strtoull(at, &at, 10), last = *at == '-' ? strtoull(at + 1, &at, 10) : first;

        for (uint64_t i = first; i <= last && i - first < 65536; i++)
            jw_uint(stats->w, i);
        at += *at == ',';
    }
    jw_array_end(stats->w);
}

static const struct {
    const char *key, *v1, *v2;
} sets[] = {
    {"cpus",  "cpuset.effective_cpus", "cpuset.cpus.effective"},
    { "mems", "cpuset.effective_mems", "cpuset.mems.effective"},
};

static const struct {
    const char *key, *file;
} flags[] = {
    {"cpu_exclusive",       "cpuset.cpu_exclusive"     },
    { "mem_hardwall",       "cpuset.mem_hardwall"      },
    { "mem_exclusive",      "cpuset.mem_exclusive"     },
    { "memory_migrate",     "cpuset.memory_migrate"    },
    { "memory_spread_page", "cpuset.memory_spread_page"},
    { "memory_spread_slab", "cpuset.memory_spread_slab"},
    { "memory_pressure",    "cpuset.memory_pressure"   },
    { "sched_load_balance", "cpuset.sched_load_balance"},
};

/* -1 is the system's default. */
static void relax_domain_level(const struct stats *stats, const struct cgroup_dir *dir)
{
    _cleanup_free_ char *text = stats_read(dir, "cpuset.sched_relax_domain_level");

    if (text && *text)
        jw_member_int(stats->w, "sched_relax_domain_level", strtoll(text, NULL, 10));
}

void stats_cpuset(const struct stats *stats)
{
    const struct cgroup_dir *dir = stats_find(stats, "cpuset", "cpuset");

    jw_object_begin(stats->w);
    for (size_t i = 0; dir && i < sizeof sets / sizeof sets[0]; i++) {
        _cleanup_free_ char *text = stats_read(dir, dir->v2 ? sets[i].v2 : sets[i].v1);

        if (text)
            set_of(stats, sets[i].key, text);
    }
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        stats_member(stats, flags[i].key, dir, flags[i].file);
    relax_domain_level(stats, dir);
    jw_object_end(stats->w);
}
