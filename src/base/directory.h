// SPDX-License-Identifier: LGPL-2.1-or-later
/* What getdents64(2) puts into a buffer, which is aligned as this is: struct linux_dirent64 has no header. */
#pragma once

#include <stdint.h>

struct directory_entry {
    uint64_t inode;
    int64_t next; /* where reading goes on behind it */
    uint16_t length;
    uint8_t type; /* DT_DIR ... */
    char name[];
};
