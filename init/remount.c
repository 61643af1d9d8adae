// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is mounted changes: the data of its file system ("size=40k"), its own attributes, its propagation. The data come
 * first: a file system that is read-only may take none.
 */
#include "init/init.h"
#include "sys/mounts.h"

static int reconfigure(struct init *init, int fd, char **options, const char *target)
{
    int fs_fd = init->no_mount_api ? -ENOSYS : sys_fspick(fd, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH), r;

    if (fs_fd >= 0) {
        r = mount_reconfigure(init, fs_fd, options, target);
        sys_close(fs_fd);
        return r;
    }
    if (tree_api_missing(init, fs_fd))
        return mount_reconfigure_old(init, fd, options, target);
    return init_fail(init, fs_fd, "fspick", target);
}

int init_remount(struct init *init, const struct op_remount *op)
{
    const char *target = init_str(init, op->target);
    char **options = blob_list(init->blob, op->options);
    _cleanup_close_ int fd = path_open(init, target, 0);
    int r;

    if (fd < 0)
        return init_fail(init, fd, "open", target);
    r = *options ? reconfigure(init, fd, options, target) : 0;
    if (r < 0)
        return r;
    r = tree_change(init, fd, (uint64_t) op->set, (uint64_t) op->clear, op->recursive != 0);
    if (r < 0)
        init_fail(init, r, "mount_setattr", target);
    if (r == -EINVAL)
        init_hint(init, "(is it a mount point? a remount changes what an earlier mount has put there)");
    return r;
}

int init_propagate(struct init *init, const struct op_propagate *op)
{
    const char *target = init_str(init, op->target);
    _cleanup_close_ int fd = path_open(init, target, 0);
    struct sys_mount_attr attr = { .propagation = (uint64_t) op->flags & ~(uint64_t) MS_REC };
    int r;

    if (fd < 0)
        return init_fail(init, fd, "open", target);
    r = init->no_mount_api ? -ENOSYS
                           : sys_mount_setattr(fd, "", AT_EMPTY_PATH | (op->flags & MS_REC ? AT_RECURSIVE : 0), &attr);
    if (r == -ENOSYS || (r < 0 && tree_api_missing(init, r)))
        r = tree_mount_old(init, -1, NULL, fd, NULL, (unsigned long) op->flags, NULL);
    return r < 0 ? init_fail(init, r, "mount_setattr", target) : 0;
}
