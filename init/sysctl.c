// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * linux.sysctl. /proc of the container could be anything, so values are written through a procfs that nobody else can
 * reach: the one that crun-init was started with, and, where a sandbox shows that read-only or covers parts of it, a
 * new one that is never attached. Which namespace a value belongs to follows from the writer, not from the mount.
 */
#include "init/init.h"
#include "sys/mounts.h"

/* FILE below sys of the procfs PROC_FD: no link, and no mount on the way. */
static int open_below(int proc_fd, const char *file)
{
    const struct sys_open_how how = {
        .flags = O_WRONLY | O_CLOEXEC,
        .resolve = SYS_RESOLVE_BENEATH | SYS_RESOLVE_NO_SYMLINKS | SYS_RESOLVE_NO_XDEV,
    };
    _cleanup_close_ int sys_fd = -1;
    int r;

    if (proc_fd < 0)
        return -ENOENT;
    sys_fd = sys_openat(proc_fd, "sys", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
    if (sys_fd < 0)
        return sys_fd;
    r = sys_openat2(sys_fd, file, &how);
    return r == -ENOSYS || r == -EPERM ? proc_open_file(sys_fd, file) : r;
}

static int open_private(const struct init *init, const char *file)
{
    _cleanup_close_ int proc_fd = init->no_mount_api ? -ENOSYS : proc_private();

    return proc_fd < 0 ? proc_fd : open_below(proc_fd, file);
}

int init_sysctl(struct init *init, const struct op_sysctl *op)
{
    const char *file = init_str(init, op->file), *value = init_str(init, op->value);
    _cleanup_close_ int fd = open_below(init->proc_fd, file);
    long r;

    if (fd < 0) {
        int private_fd = open_private(init, file);

        fd = private_fd < 0 ? fd : private_fd;
    }
    if (fd == -ENOENT)
        return init_explain(init, fd, "the kernel has no such setting in the container's namespaces");
    if (fd < 0)
        return init_fail(init, fd, "open", file);
    r = sys_write(fd, value, strlen(value));
    return r < 0 ? init_fail(init, (int) r, "write", file) : 0;
}
