// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Mount points in the root file system of a restored container. The container that was dumped had them from its create, but
 * the root of a restore may be a fresh one (podman's, of an exported checkpoint), and CRIU makes none. They are made beneath
 * the root by openat2(RESOLVE_IN_ROOT), whatever links the image has; what cannot be made, CRIU will miss and name.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "container/criu.h"
#include "sys/files.h"

enum { DIRECTORY_MODE = 0755, FILE_MODE = 0644 };

static int open_beneath(int root_fd, const char *path)
{
    struct sys_open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = SYS_RESOLVE_IN_ROOT };

    return sys_openat2(root_fd, path, &how);
}

static int make_file(int dir_fd, const char *name)
{
    int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);

    return fd < 0 ? -errno : close(fd);
}

/* The last component of PATH, in the directory that those before it lead to. */
static int make_last(int root_fd, char *path, bool file)
{
    char *slash = strrchr(path, '/');
    _cleanup_close_ int dir_fd = -1;
    int r;

    *slash = '\0';
    dir_fd = open_beneath(root_fd, *path ? path : "/");
    *slash = '/';
    if (dir_fd < 0)
        return dir_fd;
    if (file)
        return make_file(dir_fd, slash + 1);
    r = mkdirat(dir_fd, slash + 1, DIRECTORY_MODE);
    return r < 0 ? -errno : 0;
}

/* PATH as it is cut off at each slash, the shortest first: what is not there is made. */
static void make_path(int root_fd, char *path, bool file)
{
    int r = 0;

    for (char *at = path + 1; r >= 0 && *at; at += *at == '/') {
        _cleanup_close_ int fd = -1;
        char end;

        at += strcspn(at, "/");
        end = *at;
        *at = '\0';
        fd = open_beneath(root_fd, path);
        r = fd == -ENOENT ? make_last(root_fd, path, file && !end) : fd < 0 ? fd : 0;
        *at = end;
    }
}

/* What lies on another mount comes with that. */
static bool lies_on_another(const struct criu_call *call, size_t i, const char *path)
{
    for (size_t k = 0; k < call->spec->n_mounts; k++) {
        const char *other = criu_destination(call->arena, call->spec->mounts[k].destination);
        size_t length = other ? strlen(other) : 0;

        if (k != i && length > 1 && strncmp(path, other, length) == 0 && path[length] == '/')
            return true;
    }
    return false;
}

static bool is_file(const struct criu_call *call, const struct spec_mount *mount)
{
    const char *source = criu_is_bind(mount) ? criu_source(call, mount) : NULL;
    struct stat st;

    return source && stat(source, &st) == 0 && !S_ISDIR(st.st_mode);
}

int criu_mount_points(struct criu_call *call, const char *root, struct error *err)
{
    _cleanup_close_ int root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (root_fd < 0)
        return error_errno(err, -errno, "root.path \"%s\"", root);
    for (size_t i = 0; i < call->spec->n_mounts; i++) {
        const struct spec_mount *mount = &call->spec->mounts[i];
        const char *path = criu_destination(call->arena, mount->destination);

        if (path && path[1] && !lies_on_another(call, i, path))
            make_path(root_fd, (char *) path, is_file(call, mount));
    }
    return call->arena->failed ? error_errno(err, -ENOMEM, "list the mounts") : 0;
}
