// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The container's root: a mount of its own, entered by pivot_root, made read-only. From ROOT on its descriptor is
 * where every look-up begins; after PIVOT the host's tree is gone from the namespace.
 */
#include "init/init.h"
#include "sys/mounts.h"

int init_propagation(struct init *init, const struct op_propagation *op)
{
    int r = sys_mount(NULL, "/", NULL, (unsigned long) op->flags, NULL);

    if (r == -EINVAL) /* the only way: our root is a directory of somebody's mount */
        return init_explain(init, r,
                            "cannot run containers in a chroot: \"/\" is not a mount point "
                            "(enter the tree by pivot_root(2) in a mount namespace of its own instead)");
    return r < 0 ? init_fail(init, r, "mount", "/") : 0;
}

/* ---- a mount of its own ---- */

/* A tree from the parent may have a path that the user namespace cannot reach. "/" will do as well: our own root
 * stays what it is, covered, until the pivot. */
static int attach_root(int tree_fd, const char *path)
{
    _cleanup_close_ int target_fd = sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);

    if (target_fd == -EACCES || target_fd == -ENOENT)
        target_fd = sys_openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    return target_fd < 0 ? target_fd : tree_attach(tree_fd, target_fd);
}

static int bind_root_old(struct init *init, const char *path)
{
    int r = sys_mount(path, path, NULL, MS_BIND | MS_REC, NULL);

    if (r < 0)
        return r == -ENOENT ? init_missing(init, "", path) : init_fail_outside(init, r, "mount", path);
    init->root_fd = sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    return init->root_fd < 0 ? init_fail(init, init->root_fd, "open", path) : 0;
}

/* The tree is the root from here on. */
static int bind_root_new(struct init *init, const char *path, int tree_fd)
{
    int r = attach_root(tree_fd, path);

    if (r < 0) {
        sys_close(tree_fd);
        return tree_try_older(init, r) ? bind_root_old(init, path) : init_fail(init, r, "move_mount", path);
    }
    init->root_fd = tree_fd;
    return 0;
}

/* The tree that the parent has opened stays at its slot. */
static int bind_root_of_slot(struct init *init, const char *path, int slot)
{
    int r = attach_root(slot, path);

    if (r < 0)
        return init_fail(init, r, "move_mount", path);
    init->root_fd = sys_fcntl(slot, F_DUPFD_CLOEXEC, 0);
    return init->root_fd < 0 ? init_fail(init, init->root_fd, "fcntl", path) : 0;
}

static int open_root(struct init *init, const char *path)
{
    init->root_fd = sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    return init->root_fd < 0 ? init_fail(init, init->root_fd, "open", path) : 0;
}

int init_root(struct init *init, const struct op_root *op)
{
    const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;
    const char *path = init_str(init, op->path) ? init_str(init, op->path) : "/";
    int tree_fd;

    masks_prepare(init);
    init->root_path = path;
    if (op->flags & ROOT_AS_IT_IS)
        return open_root(init, path);
    if (op->tree != SLOT_NONE)
        return bind_root_of_slot(init, path, slot_fd(init, op->tree));
    tree_fd = init->no_mount_api ? -ENOSYS : sys_open_tree(AT_FDCWD, path, flags);
    if (tree_fd >= 0)
        return bind_root_new(init, path, tree_fd);
    if (tree_api_missing(init, tree_fd))
        return bind_root_old(init, path);
    return tree_fd == -ENOENT ? init_missing(init, "", path) : init_fail_outside(init, tree_fd, "open_tree", path);
}

void root_mounted(struct init *init, const char *path, int fd)
{
    int root_fd;

    if (!path_is_root(path))
        return;
    root_fd = scratch_keep(init, sys_fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (root_fd < 0)
        return;
    sys_close(init->root_fd);
    init->root_fd = root_fd;
}

/* ---- entering it ---- */

/* pivot_root(2) refuses a root whose parent is shared: a second mount of it, on the first one made private. */
static int cover_shared_parent(struct init *init)
{
    const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE;
    struct sys_mount_attr attr = { .propagation = MS_PRIVATE };
    int tree_fd = sys_open_tree(init->root_fd, "", flags), r;

    if (tree_fd < 0)
        return tree_fd;
    r = sys_mount_setattr(init->root_fd, "", AT_EMPTY_PATH, &attr);
    if (r == 0)
        r = tree_attach(tree_fd, init->root_fd);
    if (r < 0) {
        sys_close(tree_fd);
        return r;
    }
    sys_close(init->root_fd);
    init->root_fd = tree_fd;
    return sys_fchdir(tree_fd);
}

/* The old root is put on top of the new one and taken off again: no directory for it is needed. PROPAGATION made it
 * at least a slave, so its removal does not travel to the host. */
static int pivot(struct init *init)
{
    int r = sys_pivot_root(".", ".");

    if (r == -EINVAL && !init->no_mount_api && cover_shared_parent(init) == 0)
        r = sys_pivot_root(".", ".");
    if (r < 0)
        return init_fail(init, r, "pivot_root", init->root_path);
    r = sys_umount2(".", MNT_DETACH);
    return r < 0 ? init_fail(init, r, "umount2", NULL) : 0;
}

/* On an initramfs there is no pivot_root: the root is moved over "/" instead. */
static int move_root(struct init *init)
{
    int r = sys_mount(".", "/", NULL, MS_MOVE, NULL);

    if (r < 0)
        return init_fail(init, r, "mount", "/");
    r = sys_chroot(".");
    return r < 0 ? init_fail(init, r, "chroot", init->root_path) : 0;
}

static int change_root(struct init *init)
{
    int r = sys_chroot(".");

    return r < 0 ? init_fail(init, r, "chroot", init->root_path) : 0;
}

static int enter(struct init *init, enum pivot_mode mode)
{
    switch (mode) {
    case PIVOT_ROOT:
        return pivot(init);
    case PIVOT_MOVE:
        return move_root(init);
    case PIVOT_CHROOT:
        return change_root(init);
    }
    return init_explain(init, -EINVAL, "unknown way to enter the root");
}

int init_pivot(struct init *init, const struct op_pivot *op)
{
    int r = sys_fchdir(init->root_fd);

    if (r < 0)
        return init_fail(init, r, "fchdir", init->root_path);
    r = enter(init, (enum pivot_mode) op->mode);
    if (r < 0)
        return r;
    init->pivoted = true;
    r = sys_chdir("/");
    return r < 0 ? init_fail(init, r, "chdir", "/") : 0;
}

/* ---- inside ---- */

int init_root_propagation(struct init *init, const struct op_root_propagation *op)
{
    int r = sys_mount(NULL, "/", NULL, (unsigned long) op->flags, NULL);

    return r < 0 ? init_fail(init, r, "mount", "/") : 0;
}

int init_root_readonly(struct init *init, const struct op_root_readonly *op)
{
    int r = tree_change(init, init->root_fd, MOUNT_ATTR_RDONLY, 0, false);

    (void) op;
    return r < 0 ? init_fail(init, r, "mount_setattr", "/") : 0;
}
