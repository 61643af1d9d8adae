// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * mount_setattr(2) takes a map in the shape of a user namespace. One is made by a child that does nothing but wait: it
 * shares no memory writes, is killed as soon as its namespace is held by descriptor, and never executes anything.
 */
#include "launch/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "sys/compat.h"
#include "sys/mounts.h"
#include "sys/process.h"

int idmap_check(const char *map, struct error *err)
{
    long page = sysconf(_SC_PAGESIZE);
    size_t size = strlen(map);

    if (size < (size_t) page)
        return 0;
    return error_set(err, -EINVAL, "a list of %zu bytes, the kernel takes less than %ld (one page)", size, page);
}

int idmap_write(int pid, const char *file, const char *map, struct error *err)
{
    int r = idmap_check(map, err);
    char path[64];

    if (r < 0)
        return r;
    snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
    r = file_write(AT_FDCWD, path, map);
    return r < 0 ? error_errno(err, r, "write %s", file) : 0;
}

static int write_map(int pid, const char *file, const char *map, struct error *err)
{
    int r = idmap_write(pid, file, map, err);

    return r < 0 ? error_prefix(err, "map of an id-mapped mount") : 0;
}

static int mapped_namespace(int pid, const char *uids, const char *gids, struct error *err)
{
    char path[64];
    int r = write_map(pid, "uid_map", uids, err), fd;

    if (r >= 0)
        r = write_map(pid, "gid_map", gids, err);
    if (r < 0)
        return r;
    snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? error_errno(err, -errno, "open \"%s\"", path) : fd;
}

int idmap_namespace(const char *uids, const char *gids, struct error *err)
{
    int pid = sys_clone(CLONE_NEWUSER | SIGCHLD, NULL), fd;

    if (pid < 0)
        return error_errno(err, pid, "make a user namespace for an id-mapped mount");
    if (pid == 0)
        for (;;)
            sys_call(SYS_ppoll, NULL, 0, NULL, NULL, 0);
    fd = mapped_namespace(pid, uids, gids, err);
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return fd;
}

int idmap_tree(int tree_fd, int namespace_fd, bool recursive, struct error *err)
{
    struct sys_mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t) namespace_fd };
    int r = sys_mount_setattr(tree_fd, "", AT_EMPTY_PATH | (recursive ? (unsigned) AT_RECURSIVE : 0), &attr);

    if (r == -EINVAL || r == -EOPNOTSUPP)
        return error_errno(err, r, "the file system of the source does not support id-mapped mounts");
    return r < 0 ? error_errno(err, r, "mount_setattr") : 0;
}
