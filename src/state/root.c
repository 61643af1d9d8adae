// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The state root. Everything below it is believed (pids to kill, cgroups to remove), so it must be a directory that
 * only its owner, who is us, can write to: that is verified on the open descriptor, and all that follows is relative
 * to that descriptor. With it nobody else can plant names below the root, nor swap it for another.
 */
#include "state/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define OVERFLOW_ID 65534u /* of proc_sys_kernel(5), unless somebody has changed it */
#define MAP_LIMIT   ((size_t) 64 << 10)

/* XDG_RUNTIME_DIR may be swept of old files; the sticky bit keeps ours (XDG Base Directory Specification). */
#define ROOT_MODE          0700
#define ROOT_MODE_ROOTLESS 01700

static int out_of_memory(struct error *err)
{
    return error_errno(err, -ENOMEM, "state root");
}

static char *format(const char *text, ...) _printf_(1, 2);
static char *format(const char *text, ...)
{
    char *made;
    va_list args;

    va_start(args, text);
    if (vasprintf(&made, text, args) < 0)
        made = NULL;
    va_end(args);
    return made;
}

static bool may_others_write(const struct stat *st)
{
    return (st->st_mode & (S_IWGRP | S_IWOTH)) && !(st->st_mode & S_ISVTX);
}

static bool is_private_directory(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !may_others_write(&st);
}

/* Where an ordinary user's state is: a relative XDG_RUNTIME_DIR is to be ignored, says its specification. */
static char *rootless_path(const char *name)
{
    const char *xdg = getenv("XDG_RUNTIME_DIR");
    char run_user[64];

    if (xdg && xdg[0] == '/')
        return format("%s/%s", xdg, name);
    snprintf(run_user, sizeof run_user, "/run/user/%u", (unsigned) geteuid());
    if (is_private_directory(run_user))
        return format("%s/%s", run_user, name);
    return format("/tmp/%s-run-%u", name, (unsigned) geteuid());
}

static char *absolute_path(const char *path)
{
    _cleanup_free_ char *cwd = NULL;

    if (path[0] == '/')
        return strdup(path);
    cwd = getcwd(NULL, 0);
    return cwd ? format("%s/%s", cwd, path) : NULL;
}

/* The path, malloc'd, without slashes at its end: they would let the last component be a symlink. */
static char *root_path(const char *root, const char *name, bool rootless)
{
    char *path = root ? absolute_path(root) : rootless ? rootless_path(name) : format("/run/%s", name);
    size_t length = path ? strlen(path) : 0;

    while (length > 1 && path[length - 1] == '/')
        path[--length] = '\0';
    return path;
}

/* Whoever may not use PATH may use another one. */
static int cannot_use(const char *call, const char *path, int code, struct error *err)
{
    error_errno(err, code, "state root%s \"%s\"", call, path);
    if (code == -EROFS || code == -EACCES || code == -EPERM)
        error_append(err, " (--root DIR takes another place)");
    return code;
}

/* Make the directories above PATH's last component; what exists may be reached through symlinks (/var/run). */
static int make_parents(char *path, struct error *err)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        int r;

        *slash = '\0';
        r = mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
        if (r < 0)
            cannot_use(": mkdir", path, r, err);
        *slash = '/';
        if (r < 0)
            return r;
    }
    return 0;
}

static int make_root(char *path, mode_t mode, struct error *err)
{
    int r;

    if (mkdir(path, mode) == 0 || errno == EEXIST)
        return 0;
    if (errno != ENOENT)
        return cannot_use(": mkdir", path, -errno, err);
    r = make_parents(path, err);
    if (r < 0)
        return r;
    if (mkdir(path, mode) < 0 && errno != EEXIST)
        return cannot_use(": mkdir", path, -errno, err);
    return 0;
}

/* In a user namespace that does not map us we are the overflow id, and so are all others. */
static bool is_nobody(void)
{
    _cleanup_free_ char *maps = NULL;
    unsigned first, size;

    if (geteuid() != OVERFLOW_ID || file_read(AT_FDCWD, "/proc/self/uid_map", MAP_LIMIT, &maps, NULL) < 0)
        return false;
    for (const char *line = maps; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (sscanf(line, "%u %*u %u", &first, &size) == 2 && OVERFLOW_ID - first < size)
            return false;
    return true;
}

static int verify_root(int fd, const char *path, struct error *err)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return error_errno(err, -errno, "state root \"%s\"", path);
    if (st.st_uid != geteuid())
        return error_set(err, -EPERM, "state root \"%s\" belongs to user %u, not to %u: use --root for another", path,
                         (unsigned) st.st_uid, (unsigned) geteuid());
    if (is_nobody())
        return error_set(
            err, -EPERM,
            "state root \"%s\": whose it is cannot be told, the user namespace that crun is in has no id of "
            "its caller (unshare --map-root-user maps it)",
            path);
    if (may_others_write(&st))
        return error_set(err, -EPERM, "state root \"%s\" may be written by others (mode %04o): chmod 0700 it", path,
                         (unsigned) st.st_mode & 07777);
    return 0;
}

static int open_root(const char *path, struct error *err)
{
    int fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    if (fd >= 0)
        return fd;
    if (errno == ENOTDIR && lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
        return error_set(err, -ELOOP, "state root \"%s\" is a symbolic link", path);
    return cannot_use("", path, -errno, err);
}

int state_root_path(const char *root, const char *name, bool rootless, char **ret_path, struct error *err)
{
    *ret_path = root_path(root, name, rootless);
    return *ret_path ? 0 : out_of_memory(err);
}

int state_root_open(const char *root, const char *name, bool rootless, bool make, int *ret_fd, char **ret_path,
                    struct error *err)
{
    _cleanup_free_ char *path = root_path(root, name, rootless);
    _cleanup_close_ int fd = -1;
    int r;

    if (root && !*root)
        return error_set(err, -EINVAL, "--root: expected a directory, found \"\"");
    if (!path)
        return out_of_memory(err);
    fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && !make)
        return -ENOENT;
    if (fd < 0) {
        r = make ? make_root(path, rootless ? ROOT_MODE_ROOTLESS : ROOT_MODE, err) : 0;
        fd = r < 0 ? r : open_root(path, err);
    }
    if (fd < 0)
        return fd;
    r = verify_root(fd, path, err);
    if (r < 0)
        return r;
    *ret_fd = take_fd(&fd);
    *ret_path = path;
    path = NULL;
    return 0;
}

bool state_root_is_private(int root_fd)
{
    struct stat st;

    return fstat(root_fd, &st) == 0 && !(st.st_mode & (S_IWGRP | S_IWOTH));
}
