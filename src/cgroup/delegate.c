// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A cgroup below the container's that belongs to somebody else: its directory, so that he can make more below it, and
 * the files that cgroup-v2.rst names for delegation. The limits' files stay ours. The kernel lists the files of
 * delegation itself (/sys/kernel/cgroup/delegate), for there come to be more.
 */
#include "cgroup/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroup/dir.h"

#define LIST_LIMIT 65536

static const char default_files[] = "cgroup.procs\ncgroup.threads\ncgroup.subtree_control\n";

/* Files that this kernel or this cgroup has not got are none to hand over. */
static int give_file(int dir_fd, const char *name, size_t length, uid_t uid, gid_t gid)
{
    char file[256];

    if (length == 0 || length >= sizeof file || memchr(name, '/', length))
        return 0;
    memcpy(file, name, length);
    file[length] = '\0';
    return fchownat(dir_fd, file, uid, gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT ? -errno : 0;
}

static int give(int dir_fd, uid_t uid, gid_t gid)
{
    _cleanup_free_ char *list = NULL;
    const char *names = default_files;
    int r = fchown(dir_fd, uid, gid) < 0 ? -errno : 0;

    if (file_read(AT_FDCWD, "/sys/kernel/cgroup/delegate", LIST_LIMIT, &list, NULL) >= 0)
        names = list;
    for (; r >= 0 && *names; names += strcspn(names, "\n"), names += *names == '\n')
        r = give_file(dir_fd, names, strcspn(names, "\n"), uid, gid);
    return r;
}

int cgroup_delegate(const struct cgroup_dir *dir, uid_t uid, gid_t gid, struct error *err)
{
    _cleanup_close_ int fd = -1;
    bool made;
    int r = cgroup_make(dir, NULL, 0, &made, err);

    if (r < 0)
        return r;
    fd = cgroup_open(dir, err);
    if (fd < 0)
        return fd;
    r = give(fd, uid, gid);
    return r < 0 ? error_errno(err, r, "give cgroup \"%s%s\" to %u:%u", dir->mount, dir->path, uid, gid) : 0;
}
