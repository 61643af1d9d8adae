// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a container's resctrl group allots to it: the lines of its schemata file, each under the name of its resource. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "container/stats.h"

static const struct {
    const char *prefix, *key;
} resources[] = {
    {"L3:",  "l3_cache_schema"},
    { "MB:", "mem_bw_schema"  },
};

/* Lines are indented, so that their colons stand below one another. */
static void write_line(const char *text, const char *prefix, const char *key, struct json_writer *w)
{
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        line += strspn(line, " ");
        if (strncmp(line, prefix, strlen(prefix)) != 0)
            continue;
        jw_key(w, key);
        jw_string_n(w, line, strcspn(line, "\n"));
        return;
    }
}

void stats_rdt(const char *path, struct json_writer *w)
{
    _cleanup_free_ char *text = NULL;
    char file[4096];

    jw_object_begin(w);
    if (path && snprintf(file, sizeof file, "%s/schemata", path) < (int) sizeof file &&
        file_read(AT_FDCWD, file, 65536, &text, NULL) >= 0)
        for (size_t i = 0; i < sizeof resources / sizeof resources[0]; i++)
            write_line(text, resources[i].prefix, resources[i].key, w);
    jw_object_end(w);
}
