// SPDX-License-Identifier: LGPL-2.1-or-later
/* What /proc says about mounts of a process, by whose numbers CRIU knows what lies in the container. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "container/criu.h"

enum { FILE_LIMIT = 16 << 20 };

int criu_mountinfo(int pid, struct arena *arena, struct mount_entry **ret_entries, size_t *ret_n, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    char path[64];
    int r;

    snprintf(path, sizeof path, "/proc/%d/mountinfo", pid);
    r = file_read(AT_FDCWD, path, FILE_LIMIT, &text, NULL);
    if (r >= 0)
        r = mount_entries_parse(text, arena, ret_entries, ret_n);
    return r < 0 ? error_errno(err, r, "read \"%s\"", path) : 0;
}

int criu_mount_of(int pid, int fd)
{
    _cleanup_free_ char *text = NULL;
    char path[64];
    const char *at;

    snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", pid, fd);
    if (file_read(AT_FDCWD, path, FILE_LIMIT, &text, NULL) < 0)
        return -1;
    at = strstr(text, "mnt_id:");
    return at ? atoi(at + strlen("mnt_id:")) : -1;
}
