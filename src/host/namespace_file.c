// SPDX-License-Identifier: LGPL-2.1-or-later
/* ioctl_nsfs(2) tells the type of a namespace, once fstatfs(2) has told that it is one: another file's driver might take
 * the same request for its own. */
#include "host/namespace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/fd.h"
#define NSFS_TYPE 0x6e736673 /* NSFS_MAGIC of <linux/magic.h> */

/* By enum namespace_kind: the files of /proc/PID/ns. */
static const char *const names[N_NAMESPACE_KINDS] = {
    [NAMESPACE_MOUNT] = "mnt", [NAMESPACE_PID] = "pid",   [NAMESPACE_NETWORK] = "net",   [NAMESPACE_UTS] = "uts",
    [NAMESPACE_IPC] = "ipc",   [NAMESPACE_USER] = "user", [NAMESPACE_CGROUP] = "cgroup", [NAMESPACE_TIME] = "time",
};

static const char *file_type(int fd)
{
    struct stat st;

    switch (fstat(fd, &st) < 0 ? 0 : st.st_mode & S_IFMT) {
    case S_IFREG:
        return "file";
    case S_IFDIR:
        return "directory";
    case S_IFIFO:
        return "FIFO";
    case S_IFCHR:
    case S_IFBLK:
        return "device";
    default:
        return "file of another kind";
    }
}

static const char *kind_of(unsigned flag)
{
    for (int kind = 0; kind < N_NAMESPACE_KINDS; kind++)
        if (namespace_kind_flag((enum namespace_kind) kind) == flag)
            return names[kind];
    return "unknown";
}

static int check_kind(int fd, enum namespace_kind kind, struct error *err)
{
    struct statfs fs;
    int flag;

    if (fstatfs(fd, &fs) < 0 || fs.f_type != NSFS_TYPE)
        return error_set(err, -EINVAL, "it is not a namespace but a %s (expected one like /proc/PID/ns/%s)",
                         file_type(fd), names[kind]);
    flag = ioctl(fd, NS_GET_NSTYPE);
    if (flag < 0 || (unsigned) flag != namespace_kind_flag(kind))
        return error_set(err, -EINVAL,
                         "it is not a %s namespace but one of type %s (expected one like /proc/PID/ns/%s)",
                         namespace_kind_name(kind), kind_of((unsigned) flag), names[kind]);
    return 0;
}

int namespace_file_open(const char *path, enum namespace_kind kind, int *ret_fd, struct error *err)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int r;

    if (fd < 0 && errno == ENOENT) /* that errno's text says to engines that the command is missing */
        return error_set(err, -ENOENT, "\"%s\" does not exist", path);
    if (fd < 0)
        return error_errno(err, -errno, "open");
    r = check_kind(fd, kind, err);
    if (r >= 0)
        *ret_fd = take_fd(&fd);
    return r;
}

bool namespace_file_is_own(int fd, enum namespace_kind kind)
{
    struct stat own, st;
    char path[32];

    snprintf(path, sizeof path, "/proc/self/ns/%s", names[kind]);
    if (stat(path, &own) < 0 || fstat(fd, &st) < 0)
        return true;
    return own.st_dev == st.st_dev && own.st_ino == st.st_ino;
}
