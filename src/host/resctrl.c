// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where resctrl is mounted, if it is: the first such line of /proc/self/mountinfo. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "host/probes.h"

enum { MOUNTINFO_LIMIT = 16 << 20 };

/* The fifth field of LINE of LENGTH bytes, if the type behind " - " is resctrl; its length, else 0. */
static size_t mount_point(const char *line, size_t length, const char **ret_path)
{
    const char *type = memmem(line, length, " - resctrl ", strlen(" - resctrl ")), *path = line;

    for (int i = 0; type && i < 4; i++)
        path += strcspn(path, " ") + 1;
    *ret_path = path;
    return type && path < type ? strcspn(path, " ") : 0;
}

const char *resctrl_find(const char *mountinfo, struct arena *arena)
{
    for (const char *line = mountinfo; *line;) {
        size_t length = strcspn(line, "\n");
        const char *path;
        size_t n = mount_point(line, length, &path);

        if (n > 0)
            return arena_printf(arena, "%.*s", (int) n, path);
        line += length + (line[length] == '\n');
    }
    return NULL;
}

int host_probe_resctrl(struct host *host, struct arena *arena, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    size_t size;

    if (file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_LIMIT, &text, &size) < 0)
        return 0;
    host->resctrl = resctrl_find(text, arena);
    return arena->failed ? error_errno(err, -ENOMEM, "find resctrl") : 0;
}
