// SPDX-License-Identifier: LGPL-2.1-or-later
/* The interfaces of a container by /proc/PID/net/dev, named as runc's types are: without JSON names of their own. */
#include "container/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"

#define FILE_LIMIT ((size_t) 16 << 20)

/* The columns of net/dev that are told; the others are counters that nobody asks for. */
static const char *const columns[16] = {
    [0] = "RxBytes", [1] = "RxPackets", [2] = "RxErrors",  [3] = "RxDropped",
    [8] = "TxBytes", [9] = "TxPackets", [10] = "TxErrors", [11] = "TxDropped",
};

static void interface(struct json_writer *w, const char *name, size_t length, const char *numbers)
{
    char *at = (char *) numbers;

    jw_object_begin(w);
    jw_key(w, "Name");
    jw_string_n(w, name, length);
    for (size_t i = 0; i < 16; i++) {
        uint64_t value = strtoull(at, &at, 10);

        if (columns[i])
            jw_member_uint(w, columns[i], value);
    }
    jw_object_end(w);
}

static bool shares_ours(pid_t pid)
{
    struct stat own, other;
    char path[48];

    snprintf(path, sizeof path, "/proc/%d/ns/net", (int) pid);
    return stat("/proc/self/ns/net", &own) < 0 || stat(path, &other) < 0 ||
           (own.st_ino == other.st_ino && own.st_dev == other.st_dev);
}

void stats_network(pid_t pid, struct json_writer *w)
{
    _cleanup_free_ char *text = NULL;
    char path[48];

    snprintf(path, sizeof path, "/proc/%d/net/dev", (int) pid);
    if (shares_ours(pid) || file_read(AT_FDCWD, path, FILE_LIMIT, &text, NULL) < 0) {
        jw_null(w);
        return;
    }
    jw_array_begin(w);
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        const char *name = line + strspn(line, " "), *colon = strchr(name, ':');

        if (colon && colon < line + strcspn(line, "\n"))
            interface(w, name, (size_t) (colon - name), colon + 1);
    }
    jw_array_end(w);
}
