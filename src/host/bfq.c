// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whether the kernel has the I/O scheduler bfq, which brings io.bfq.weight with it. The file is only in cgroups that were
 * given the io controller, of which there may be none yet; but every queue names the schedulers that it could have.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "host/probes.h"

enum { SCHEDULERS_LIMIT = 4096 };

static void close_directory(DIR **directory)
{
    if (*directory)
        closedir(*directory);
}

bool host_probe_bfq(void)
{
    _cleanup_(close_directory) DIR *blocks = opendir("/sys/block");
    struct dirent *entry;
    bool found = false;

    while (blocks && !found && (entry = readdir(blocks)) != NULL) {
        _cleanup_free_ char *text = NULL;
        char path[sizeof entry->d_name + sizeof "/queue/scheduler"];

        snprintf(path, sizeof path, "%s/queue/scheduler", entry->d_name);
        if (entry->d_name[0] != '.' && file_read(dirfd(blocks), path, SCHEDULERS_LIMIT, &text, NULL) >= 0)
            found = strstr(text, "bfq") != NULL;
    }
    return found;
}
