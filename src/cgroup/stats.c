// SPDX-License-Identifier: LGPL-2.1-or-later
/* The list of sections, and the ways in which files hold numbers. */
#include "cgroup/stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"

static const struct {
    const char *name;
    void (*write)(const struct stats *stats);
} sections[] = {
    {"cpu",      stats_cpu     },
    { "cpuset",  stats_cpuset  },
    { "memory",  stats_memory  },
    { "pids",    stats_pids    },
    { "blkio",   stats_block_io},
    { "hugetlb", stats_hugetlb },
    { "rdma",    stats_rdma    },
};

void cgroup_stats(const struct cgroup_dir *dirs, size_t n, struct json_writer *w)
{
    const struct stats stats = { dirs, n, w };

    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        jw_key(w, sections[i].name);
        sections[i].write(&stats);
    }
}

/* ---- files ---- */

const struct cgroup_dir *stats_find(const struct stats *stats, const char *v1_controller, const char *v2_controller)
{
    const struct cgroup_dir *v2 = NULL;

    for (size_t i = 0; i < stats->n; i++) {
        const struct cgroup_dir *dir = &stats->dirs[i];

        if (!dir->v2 && dir->controllers && v1_controller && cgroup_list_names(dir->controllers, v1_controller))
            return dir;
        if (dir->v2 && v2_controller)
            v2 = dir;
    }
    return v2;
}

char *stats_read(const struct cgroup_dir *dir, const char *file)
{
    char *text;

    return dir && cgroup_read(dir, file, &text) >= 0 ? text : strdup("");
}

bool stats_number(const struct cgroup_dir *dir, const char *file, uint64_t *ret)
{
    _cleanup_free_ char *text = stats_read(dir, file);
    char *end;

    if (!text)
        return false;
    if (strncmp(text, "max", 3) == 0) {
        *ret = UINT64_MAX;
        return true;
    }
    *ret = strtoull(text, &end, 10);
    return end > text;
}

void stats_member(const struct stats *stats, const char *key, const struct cgroup_dir *dir, const char *file)
{
    uint64_t value;

    if (file && stats_number(dir, file, &value))
        jw_member_uint(stats->w, key, value);
}

uint64_t stats_value(const char *text, const char *key)
{
    size_t length = strlen(key);

    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (strncmp(line, key, length) == 0 && line[length] == ' ')
            return strtoull(line + length, NULL, 10);
    return 0;
}

bool stats_pair(const char *line, const char *key, uint64_t *ret)
{
    size_t length = strlen(key);

    for (const char *word = line; *word && *word != '\n'; word += strcspn(word, " \n"), word += *word == ' ')
        if (strncmp(word, key, length) == 0 && word[length] == '=') {
            const char *number = word + length + 1;

            *ret = strncmp(number, "max", 3) == 0 ? UINT64_MAX : strtoull(number, NULL, 10);
            return true;
        }
    return false;
}

/* ---- pressure ---- */

/* "some avg10=0.12 avg60=0.00 avg300=0.00 total=6842" */
static void psi_line(struct json_writer *w, const char *line)
{
    static const char *const averages[] = { "avg10", "avg60", "avg300" };
    double values[3] = { 0 };
    uint64_t total = 0;
    char number[32];

    sscanf(line, "%*s avg10=%lf avg60=%lf avg300=%lf", &values[0], &values[1], &values[2]);
    stats_pair(line, "total", &total);
    jw_object_begin(w);
    for (size_t i = 0; i < 3; i++) {
        snprintf(number, sizeof number, "%u.%02u", (unsigned) values[i], (unsigned) (values[i] * 100 + 0.5) % 100);
        jw_key(w, averages[i]);
        jw_raw(w, number, strlen(number));
    }
    jw_member_uint(w, "total", total);
    jw_object_end(w);
}

void stats_psi(const struct stats *stats, const char *file)
{
    _cleanup_free_ char *text = stats_read(stats_find(stats, NULL, ""), file);

    if (!text || strncmp(text, "some ", 5) != 0)
        return;
    jw_key(stats->w, "psi");
    jw_object_begin(stats->w);
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        jw_key(stats->w, strncmp(line, "full ", 5) == 0 ? "full" : "some");
        psi_line(stats->w, line);
    }
    jw_object_end(stats->w);
}
