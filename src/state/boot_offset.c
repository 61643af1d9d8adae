// SPDX-License-Identifier: LGPL-2.1-or-later
/* See boot_offset.h. No memory is needed (hook_note). */
#include "state/boot_offset.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

enum { TICKS = 100, NS_OF_TICK = 1000000000 / TICKS }; /* USER_HZ, which is the same everywhere */

int64_t boot_offset(void)
{
    _cleanup_close_ int fd = open("/proc/self/timens_offsets", O_RDONLY | O_CLOEXEC);
    char text[256];
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    const char *line;
    int64_t s, ns;

    text[n > 0 ? n : 0] = '\0';
    line = strstr(text, "boottime");
    return line && sscanf(line, "boottime %" SCNd64 " %" SCNd64, &s, &ns) == 2 ? s * TICKS + ns / NS_OF_TICK : 0;
}
