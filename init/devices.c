// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Device nodes and links. A node is made in a directory that is held by descriptor, by a name without a slash, so it
 * can land nowhere else. What stands there already is kept if it is the right device, and refused if it is not:
 * a link or a file under that name is the image's attempt to be opened in the device's place.
 *
 * Nearly all of them stand in /dev, row after row: the directory is kept from one row to the next, and looked up again
 * after any other row, for that may have mounted something there.
 */
#include "init/init.h"
#include "sys/mounts.h"

static bool is_device(int dir_fd, const char *name, unsigned mode, uint32_t device)
{
    struct stat st;

    if (sys_fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || ((st.st_mode ^ mode) & S_IFMT))
        return false;
    return S_ISFIFO(mode) || (uint32_t) st.st_rdev == device;
}

/* ---- bound from the host ---- */

static int open_host_device(const struct init *init, const char *path)
{
    if (init->no_mount_api)
        return sys_openat(AT_FDCWD, path, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
    return sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

static int bind_device(struct init *init, const char *path, int device_fd)
{
    _cleanup_close_ int target_fd = path_make(init, path, S_IFREG | 0666, PATH_NO_FOLLOW, NULL);
    struct stat st;
    int r;

    if (target_fd < 0)
        return init_fail_inside(init, target_fd, path);
    r = sys_fstat(target_fd, &st);
    if (r < 0)
        return init_fail(init, r, "fstat", path);
    if (S_ISLNK(st.st_mode))
        return init_explain(init, -ELOOP, "a symbolic link stands in the place of the device");
    if (init->no_mount_api)
        r = tree_mount_old(init, device_fd, NULL, target_fd, NULL, MS_BIND, NULL);
    else
        r = tree_attach(device_fd, target_fd);
    return r < 0 ? init_fail(init, r, "mount", path) : 0;
}

/* The device that config.json asks for. */
struct wanted {
    const char *path;
    unsigned mode; /* S_IFCHR or S_IFBLK */
    uint32_t major, minor;
    bool optional;
};

static bool is_wanted(const struct wanted *wanted, const struct stat *st)
{
    return !((st->st_mode ^ wanted->mode) & S_IFMT) &&
           (uint32_t) st->st_rdev == sys_device(wanted->major, wanted->minor);
}

/* The image may have it, or a mount have brought it. */
static bool is_there(const struct init *init, const struct wanted *wanted)
{
    _cleanup_close_ int fd = path_open(init, wanted->path, PATH_NO_FOLLOW);
    struct stat st;

    return fd >= 0 && sys_fstat(fd, &st) == 0 && is_wanted(wanted, &st);
}

static int no_such_device(struct init *init, const struct wanted *wanted, int code)
{
    if (is_there(init, wanted))
        return 0;
    if (code == -ENOENT && wanted->optional) {
        init_warn(init, code, "open", wanted->path);
        return 0;
    }
    return init_explain(
        init, code,
        "no device can be made here (that takes CAP_MKNOD outside of user namespaces), and the host has "
        "none of this name that could be bound (ask root to make it there, see mknod(1), or bind it from "
        "elsewhere by mounts)");
}

/* "the host's is c 1:11": another device than that which is asked for is worse than none. */
static int another_device(struct init *init, const struct stat *st)
{
    char words[sizeof init->failure.detail];
    struct text text = text_init(words, sizeof words);

    text_put(&text, "no device can be made here, and the host's of this name, which could be bound, is ");
    text_put(&text, S_ISCHR(st->st_mode) ? "c " : "b ");
    text_put_number(&text, sys_device_major((uint32_t) st->st_rdev));
    text_put(&text, ":");
    text_put_number(&text, sys_device_minor((uint32_t) st->st_rdev));
    return init_explain(init, -ENODEV, words);
}

/* 1: the host's is to be bound. */
static int check_device(struct init *init, const struct wanted *wanted, const struct stat *st)
{
    if (!S_ISCHR(st->st_mode) && !S_ISBLK(st->st_mode))
        return no_such_device(init, wanted, -ENODEV);
    return is_wanted(wanted, st) ? 1 : another_device(init, st);
}

static int bind_host_device(struct init *init, const struct wanted *wanted)
{
    const char *path = wanted->path;
    _cleanup_close_ int device_fd = open_host_device(init, path);
    struct stat st;
    int r;

    if (device_fd < 0 && tree_api_missing(init, device_fd))
        device_fd = open_host_device(init, path);
    if (device_fd == -ENOENT)
        return no_such_device(init, wanted, device_fd);
    r = device_fd < 0 ? device_fd : sys_fstat(device_fd, &st);
    if (r < 0)
        return init_fail(init, r, "open", path);
    r = check_device(init, wanted, &st);
    if (r > 0)
        r = bind_device(init, path, device_fd);
    if (r >= 0 || !tree_try_older(init, r))
        return r;
    close_fdp(&device_fd);
    device_fd = open_host_device(init, path);
    return device_fd < 0 ? init_fail(init, device_fd, "open", path) : bind_device(init, path, device_fd);
}

int init_device_bind(struct init *init, const struct op_device_bind *op)
{
    const struct wanted wanted = { init_str(init, op->path), (unsigned) op->mode, (uint32_t) op->major,
                                   (uint32_t) op->minor, op->optional == DEVICE_OPTIONAL };

    return bind_host_device(init, &wanted);
}

/* ---- made ---- */

static bool is_parent(const struct init *init, const char *path, size_t length)
{
    const struct parent *last = &init->device_dir;

    return last->fd >= 0 && last->row + 1 == init->row && last->length == length && !memcmp(last->path, path, length);
}

/* The directory that holds PATH, which stays ours, and the last component in NAME. */
static int open_parent(struct init *init, const char *path, char name[PATH_NAME_SIZE])
{
    struct parent *last = &init->device_dir;
    int length = path_split(path, name), fd;

    if (length < 0)
        return length;
    if (is_parent(init, path, (size_t) length)) {
        last->row = init->row;
        return last->fd;
    }
    fd = path_make_parent(init, path, name);
    close_fdp(&last->fd);
    *last = (struct parent){ .fd = fd, .row = init->row, .path = path, .length = (size_t) length };
    return fd;
}

/* Whose NAME is, made just now: asked once a directory, for all that is made there is the same one's. */
static int owner_of_new(struct parent *dir, const char *name)
{
    struct stat st;
    int r = dir->owner_known ? 0 : sys_fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW);

    if (r < 0 || dir->owner_known)
        return r;
    dir->uid = st.st_uid;
    dir->gid = st.st_gid;
    dir->owner_known = true;
    return 0;
}

static int give(struct parent *dir, const char *name, uint32_t uid, uint32_t gid)
{
    int r = owner_of_new(dir, name);

    if (r < 0 || (dir->uid == uid && dir->gid == gid))
        return r;
    return sys_fchownat(dir->fd, name, uid, gid, AT_SYMLINK_NOFOLLOW);
}

static int make_device(struct init *init, const struct op_device *op, const char *name)
{
    uint32_t device = S_ISFIFO(op->mode) ? 0 : sys_device((uint32_t) op->major, (uint32_t) op->minor);
    struct parent *dir = &init->device_dir;
    int r = sys_mknodat(dir->fd, name, (unsigned) op->mode, device);

    if (r == -EEXIST && is_device(dir->fd, name, (unsigned) op->mode, device))
        return 0;
    if (r == -EEXIST)
        return init_explain(init, r, "something else stands in the place of the device");
    if (r < 0)
        return init_fail(init, r, "mknod", init_str(init, op->path));
    r = give(dir, name, (uint32_t) op->uid, (uint32_t) op->gid);
    return r < 0 ? init_fail(init, r, "chown", init_str(init, op->path)) : 0;
}

int init_device(struct init *init, const struct op_device *op)
{
    const char *path = init_str(init, op->path);
    bool optional = op->optional == DEVICE_OPTIONAL;
    char name[PATH_NAME_SIZE];
    int dir_fd = open_parent(init, path, name);
    int r;

    if (dir_fd < 0)
        return init_fail(init, dir_fd, "open", path);
    r = make_device(init, op, name);
    if (r == -EPERM && !init->pivoted && !S_ISFIFO(op->mode))
        r = bind_host_device(
            init, &(struct wanted){ path, (unsigned) op->mode, (uint32_t) op->major, (uint32_t) op->minor, optional });
    return r < 0 && optional ? 0 : r;
}

/* What the image has in the place of a default link stays: nothing of ours goes through it. */
int init_symlink(struct init *init, const struct op_symlink *op)
{
    const char *path = init_str(init, op->path);
    char name[PATH_NAME_SIZE];
    int dir_fd = open_parent(init, path, name);
    int r;

    if (dir_fd < 0)
        return init_fail(init, dir_fd, "open", path);
    r = sys_symlinkat(init_str(init, op->target), dir_fd, name);
    return r < 0 && r != -EEXIST ? init_fail(init, r, "symlink", path) : 0;
}
