// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Masked and read-only paths. What covers a masked file is the host's /dev/null, held by descriptor since before the
 * host went out of sight and verified to be character device 1:3: the /dev/null of the container may be anything.
 * Directories are covered by one empty read-only tmpfs. A path that does not exist needs no cover.
 */
#include "init/init.h"
#include "sys/mounts.h"

static bool is_null(int fd)
{
    struct stat st;

    return sys_fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && (uint32_t) st.st_rdev == sys_device(1, 3);
}

static int clone_host_null(void)
{
    int fd = sys_open_tree(AT_FDCWD, "/dev/null", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);

    if (fd >= 0 && !is_null(fd)) {
        sys_close(fd);
        fd = -EBADMSG;
    }
    return fd;
}

/* Not finding it is no failure yet: only a masked file needs it. */
void masks_prepare(struct init *init)
{
    if (!init->no_mount_api && init->null_file.fd < 0)
        init->null_file.fd = clone_host_null();
}

/* By mount(2), which knows no detached mounts: the container's own, verified. */
static int mask_file_old(struct init *init, int target_fd)
{
    _cleanup_close_ int null_fd = path_open(init, "/dev/null", PATH_NO_FOLLOW);

    if (null_fd < 0)
        return null_fd;
    if (!is_null(null_fd))
        return init_explain(init, -EBADMSG, "/dev/null is not character device 1:3");
    return tree_mount_old(init, null_fd, NULL, target_fd, NULL, MS_BIND, NULL);
}

static int mask_file(struct init *init, int target_fd)
{
    bool older = init->no_mount_api || init->null_file.fd < 0;
    int r = older ? -ENOSYS : tree_cover(init, &init->null_file, target_fd);

    return older || (r < 0 && tree_try_older(init, r)) ? mask_file_old(init, target_fd) : r;
}

static int make_empty_dir(struct init *init)
{
    const unsigned attr = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    _cleanup_close_ int fs_fd = init->no_mount_api ? -ENOSYS : sys_fsopen("tmpfs", FSOPEN_CLOEXEC);
    int r = fs_fd;

    if (r >= 0)
        r = sys_fsconfig(fs_fd, SYS_FSCONFIG_SET_STRING, "source", "tmpfs", 0);
    if (r >= 0)
        r = sys_fsconfig(fs_fd, SYS_FSCONFIG_SET_STRING, "mode", "0755", 0);
    if (r >= 0)
        r = sys_fsconfig(fs_fd, SYS_FSCONFIG_CMD_CREATE, NULL, NULL, 0);
    return r < 0 ? r : sys_fsmount(fs_fd, FSMOUNT_CLOEXEC, attr);
}

static int mask_dir(struct init *init, int target_fd)
{
    const unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
    int r;

    if (init->empty_dir.fd < 0)
        init->empty_dir.fd = scratch_keep(init, make_empty_dir(init));
    r = init->empty_dir.fd < 0 ? init->empty_dir.fd : tree_cover(init, &init->empty_dir, target_fd);
    if (r < 0 && tree_api_missing(init, r))
        return tree_mount_old(init, -1, "tmpfs", target_fd, "tmpfs", flags, "mode=0755");
    return r;
}

/* Nothing there, or not even a directory on the way. */
static bool is_absent(int code)
{
    return code == -ENOENT || code == -ENOTDIR;
}

static int mask(struct init *init, const char *path, int fd)
{
    struct stat st;
    int r = sys_fstat(fd, &st);

    if (r < 0)
        return init_fail(init, r, "open", path);
    init->failure.code = 0;
    r = S_ISDIR(st.st_mode) ? mask_dir(init, fd) : mask_file(init, fd);
    if (r < 0 && init->failure.code == 0)
        init_fail(init, r, "move_mount", path);
    return r;
}

/* Do COVER to what is at PATH, if anything is; it notes its own failure. */
static int cover_path(struct init *init, const char *path, int (*cover)(struct init *init, const char *path, int fd))
{
    int fd = path_open(init, path, 0), r;

    if (is_absent(fd))
        return 0;
    if (fd < 0)
        return init_fail(init, fd, "open", path);
    r = cover(init, path, fd);
    scratch_leave(init, fd);
    return r;
}

int init_mask_path(struct init *init, const struct op_mask_path *op)
{
    return cover_path(init, init_str(init, op->path), mask);
}

/* ---- read-only paths: a mount on themselves that keeps nosuid, nodev and noexec ---- */

static int readonly_old(struct init *init, const char *path, int fd)
{
    _cleanup_close_ int mounted_fd = -1;
    int r = tree_mount_old(init, fd, NULL, fd, NULL, MS_BIND | MS_REC, NULL);

    if (r < 0)
        return r;
    mounted_fd = path_open(init, path, 0);
    return mounted_fd < 0 ? mounted_fd : tree_change(init, mounted_fd, MOUNT_ATTR_RDONLY, 0, false);
}

static int readonly(struct init *init, const char *path, int fd)
{
    const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE;
    int tree_fd = init->no_mount_api ? -ENOSYS : sys_open_tree(fd, "", flags);
    int r = tree_fd < 0 ? tree_fd : tree_set_attributes(tree_fd, MOUNT_ATTR_RDONLY, 0, false);

    if (r == -ENOSYS || (r < 0 && tree_api_missing(init, r)))
        r = readonly_old(init, path, fd);
    else if (r >= 0) {
        r = tree_attach(tree_fd, fd);
        r = r < 0 && tree_try_older(init, r) ? readonly_old(init, path, fd) : r;
    }
    if (tree_fd >= 0)
        scratch_leave(init, tree_fd);
    return r < 0 ? init_fail(init, r, "mount_setattr", path) : 0;
}

int init_readonly_path(struct init *init, const struct op_readonly_path *op)
{
    return cover_path(init, init_str(init, op->path), readonly);
}
