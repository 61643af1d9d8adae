// SPDX-License-Identifier: LGPL-2.1-or-later
/* A refused path: which of its directories is closed to the caller, and whose it is, for that is whom he has to ask. */
#include "base/closed.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether PART, which stands on the way or is the end of it, is what refuses; then it is said. */
static bool is_closed(const char *part, struct error *err)
{
    struct stat st;
    bool directory = stat(part, &st) == 0 && S_ISDIR(st.st_mode);

    if (access(part, F_OK) < 0 || access(part, directory ? X_OK : R_OK) == 0 || errno != EACCES)
        return false;
    error_append(err, " (uid %u may not %s \"%s\", which belongs to uid %u and has mode %04o)", (unsigned) getuid(),
                 directory ? "enter" : "read", part, (unsigned) st.st_uid, (unsigned) st.st_mode & 07777);
    return true;
}

int error_closed(struct error *err, const char *path)
{
    char part[PATH_MAX];
    size_t length = strlen(path);

    if (err->code != -EACCES || length >= sizeof part)
        return err->code;
    for (size_t i = 1; i <= length; i++) {
        if (i < length && path[i] != '/')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (is_closed(part, err))
            break;
    }
    return err->code;
}
