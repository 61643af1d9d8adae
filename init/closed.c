// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What "permission denied" means for a path. To an ordinary user, and to root of a user namespace, directories of others
 * may be closed; the errno does not say which of those on the way it was, and only its owner can open it.
 */
#include "init/init.h"

/* PART becomes the first directory on the way to PATH, with PATH itself, that may not be entered. */
static bool find_closed(const char *path, char part[INIT_PATH_SIZE])
{
    for (size_t length = 1; length < INIT_PATH_SIZE - sizeof "/."; length++) {
        struct text text = text_init(part, INIT_PATH_SIZE);
        int fd;

        if (path[length] && path[length] != '/')
            continue;
        text_put_bytes(&text, path, length);
        text_put(&text, "/.");
        fd = sys_openat(AT_FDCWD, part, O_PATH | O_CLOEXEC, 0);
        part[length] = '\0';
        if (fd == -EACCES)
            return true;
        if (fd >= 0)
            sys_close(fd);
        if (!path[length])
            break;
    }
    return false;
}

static void hint_closed(struct init *init, const char *what, const char *path)
{
    char words[sizeof init->failure.detail];
    struct text text = text_init(words, sizeof words);

    text_put(&text, "(the container's user may not enter ");
    text_put(&text, what);
    text_put(&text, "\"");
    text_put(&text, path);
    text_put(&text, "\": its owner, or root, can chmod o+x it)");
    init_hint(init, words);
}

int init_fail_outside(struct init *init, int code, const char *call, const char *path)
{
    char part[INIT_PATH_SIZE];

    init_fail(init, code, call, path);
    if (code == -EACCES && find_closed(path, part))
        hint_closed(init, "", part);
    return code;
}

int init_fail_inside(struct init *init, int code, const char *path)
{
    int fd;

    init_fail(init, code, "open", path);
    if (code != -EACCES)
        return code;
    fd = sys_openat(init->root_fd, ".", O_PATH | O_CLOEXEC, 0);
    if (fd == -EACCES)
        hint_closed(init, "the root file system ", init->root_path);
    else if (path_open(init, path, 0) == -ENOENT)
        init_hint(init, "(it is not there, and to make it is not allowed to the container's user: make it beforehand)");
    if (fd >= 0)
        sys_close(fd);
    return code;
}
