// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bind mounts: a clone of the source's tree gets its attributes while nobody can see it, and is then shown at a
 * target that was opened beneath the root. A target that is missing is made, of the source's kind.
 */
#include "init/init.h"
#include "sys/mounts.h"

static unsigned target_how(int64_t flags)
{
    return (flags & BIND_NO_FOLLOW ? PATH_NO_FOLLOW : 0u) | (flags & BIND_PLAIN_DIR ? PATH_PLAIN : 0u);
}

/* A directory goes on a directory only, anything else on anything else; move_mount(2) would say EINVAL. */
static int same_kind(struct init *init, int target_fd, bool directory, const char *target)
{
    struct stat st;
    int r = sys_fstat(target_fd, &st);

    if (r < 0)
        return init_fail(init, r, "fstat", target);
    if (directory == S_ISDIR(st.st_mode))
        return 0;
    r = init_fail(init, directory ? -ENOTDIR : -EISDIR, "move_mount", target);
    init_hint(init, directory ? "(the source is a directory)" : "(the source is no directory)");
    return r;
}

/* Over /proc goes a procfs as a whole, into a procfs only what the plan knows to do no harm; by whatever link the target
 * was reached. */
static int check_proc(struct init *init, const struct op_bind *op, int source_fd, int target_fd)
{
    int place = proc_holds(op->flags & BIND_OVER_PROC ? source_fd : target_fd);

    if (place < 0)
        return init_fail(init, place, "fstatfs", init_str(init, op->target));
    if (op->flags & BIND_OVER_PROC)
        return place == 2 ? 0 : init_explain(init, -EPERM, "only a procfs can be mounted on /proc, the source is none");
    return place == 0 || op->flags & BIND_PROC_FILE
               ? 0
               : init_explain(init, -EPERM, "cannot be mounted because it is inside /proc");
}

/* A target of the kind that SOURCE_FD is. */
static int open_target(struct init *init, const struct op_bind *op, int source_fd)
{
    const char *target = init_str(init, op->target);
    struct stat st;
    bool directory;
    int fd, r = sys_fstat(source_fd, &st);

    if (r < 0)
        return init_fail(init, r, "fstat", init_str(init, op->source));
    directory = S_ISDIR(st.st_mode);
    fd = path_make(init, target, directory ? S_IFDIR | 0755 : S_IFREG | 0755, target_how(op->flags), NULL);
    if (op->flags & BIND_PLAIN_DIR && (fd == -ELOOP || fd == -ENOTDIR))
        return init_explain(init, fd, "must be mounted on ordinary directory");
    if (fd < 0)
        return init_fail_inside(init, fd, target);
    r = same_kind(init, fd, directory, target);
    if (r == 0)
        r = check_proc(init, op, source_fd, fd);
    if (r < 0)
        sys_close(fd);
    return r < 0 ? r : fd;
}

static int no_source(struct init *init, int code, const char *call, const char *source)
{
    if (!source)
        return init_fail(init, code, call, NULL);
    return code == -ENOENT ? init_missing(init, "source ", source) : init_fail_outside(init, code, call, source);
}

/* ---- by descriptors ---- */

static bool is_from_parent(const struct op_bind *op)
{
    return op->tree != SLOT_NONE || op->flags & BIND_TREE_SENT;
}

static int open_source(struct init *init, const struct op_bind *op)
{
    const char *source = init_str(init, op->source);
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (op->flags & BIND_RECURSIVE ? AT_RECURSIVE : 0u) |
                     (op->flags & BIND_SOURCE_NO_FOLLOW ? AT_SYMLINK_NOFOLLOW : 0u);

    if (op->flags & BIND_TREE_SENT)
        return message_wait_tree(init);
    if (op->tree != SLOT_NONE)
        return sys_fcntl(slot_fd(init, op->tree), F_DUPFD_CLOEXEC, 0);
    return init->no_mount_api || !source ? -ENOSYS : sys_open_tree(AT_FDCWD, source, flags);
}

/* Flags that a mount of a less privileged namespace may not lose (mount_namespaces(7)) are those that it has. */
static int explain_locked(struct init *init, int fd, const struct op_bind *op)
{
    char words[160];
    struct text text = text_init(words, sizeof words);
    uint64_t locked = tree_attributes(fd) & (uint64_t) (op->clear | op->rclear);

    text_put(&text, "the source is mounted");
    tree_put_attributes(&text, locked);
    text_put(&text, " by another user namespace, and those flags are locked: operation not permitted");
    return init_explain(init, -EPERM, words);
}

static int set_top(int tree_fd, const struct op_bind *op)
{
    int r = tree_set_attributes(tree_fd, (uint64_t) op->set, (uint64_t) (op->clear | op->reset), false);

    return r == -EPERM && op->reset ? tree_set_attributes(tree_fd, (uint64_t) op->set, (uint64_t) op->clear, false) : r;
}

static int set_attributes(int tree_fd, const struct op_bind *op)
{
    int r = tree_set_attributes(tree_fd, (uint64_t) op->rset, (uint64_t) op->rclear, true);

    return r < 0 ? r : set_top(tree_fd, op);
}

static int change_each(struct init *init, int fd, const struct op_bind *op)
{
    const char *target = init_str(init, op->target);
    int r;

    if (!(op->rset | op->rclear))
        return 0;
    if (init->changes.kept)
        return init_explain(init, -ENOSYS,
                            "recursive mount options of a container that runs need mount_setattr(2), which this kernel "
                            "lacks or a sandbox blocks");
    r = tree_change_each(init, fd, target, target_how(op->flags), (uint64_t) op->rset, (uint64_t) op->rclear);
    if (r == -EPERM && tree_attributes(fd) & (uint64_t) op->rclear)
        return explain_locked(init, fd, op);
    return r < 0 ? init_fail(init, r, "mount", target) : 0;
}

/* Linux before 5.12 has no mount_setattr, and sandboxes block it: the attributes come after the mount is in place. */
static int change_late(struct init *init, int fd, const struct op_bind *op)
{
    const char *target = init_str(init, op->target);
    int r = change_each(init, fd, op);

    if (r < 0)
        return r;
    r = tree_change(init, fd, (uint64_t) op->set, (uint64_t) (op->clear | op->reset), false);
    if (r == -EPERM && op->reset)
        r = tree_change(init, fd, (uint64_t) op->set, (uint64_t) op->clear, false);
    if (r == -EPERM && tree_attributes(fd) & (uint64_t) op->clear)
        return explain_locked(init, fd, op);
    return r < 0 ? init_fail(init, r, "mount", target) : 0;
}

/* ---- by mount(2) ---- */

static int bind_old(struct init *init, const struct op_bind *op)
{
    const char *target = init_str(init, op->target), *source = init_str(init, op->source);
    int no_follow = op->flags & BIND_SOURCE_NO_FOLLOW ? O_NOFOLLOW : 0;
    _cleanup_close_ int source_fd = sys_openat(AT_FDCWD, source, O_PATH | O_CLOEXEC | no_follow, 0);
    _cleanup_close_ int target_fd = -1, mounted_fd = -1;
    int r;

    if (source_fd < 0)
        return no_source(init, source_fd, "open", source);
    target_fd = open_target(init, op, source_fd);
    if (target_fd < 0)
        return target_fd;
    r = tree_mount_old(init, source_fd, NULL, target_fd, NULL, MS_BIND | (op->flags & BIND_RECURSIVE ? MS_REC : 0),
                       NULL);
    if (r < 0)
        return init_fail(init, r, "mount", source);
    mounted_fd = path_is_root(target) ? sys_openat(AT_FDCWD, init->root_path, O_PATH | O_CLOEXEC, 0)
                                      : path_open(init, target, target_how(op->flags));
    if (mounted_fd < 0)
        return init_fail(init, mounted_fd, "open", target);
    r = changes_mounted(init, target, mounted_fd);
    return r < 0 ? r : change_late(init, mounted_fd, op);
}

/* ---- the tree that was opened ---- */

static int bind_tree(struct init *init, const struct op_bind *op, int tree_fd)
{
    const char *target = init_str(init, op->target);
    int target_fd, r = set_attributes(tree_fd, op);
    bool late;

    late = r == -ENOSYS || (r < 0 && tree_api_missing(init, r));
    if (r == -EPERM && !late && tree_attributes(tree_fd) & (uint64_t) (op->clear | op->rclear))
        return explain_locked(init, tree_fd, op);
    if (r < 0 && !late)
        return init_fail(init, r, "mount_setattr", target);
    target_fd = open_target(init, op, tree_fd);
    if (target_fd < 0)
        return target_fd;
    r = tree_attach(tree_fd, target_fd);
    scratch_leave(init, target_fd);
    if (r < 0 && !is_from_parent(op) && op->source && tree_try_older(init, r))
        return bind_old(init, op);
    if (r < 0)
        return init_fail(init, r, "move_mount", target);
    r = changes_mounted(init, target, tree_fd);
    return r >= 0 && late ? change_late(init, tree_fd, op) : r;
}

/* ---- a link instead of a mount ---- */

static int make_link(struct init *init, const struct op_bind *op, const char *text)
{
    const char *target = init_str(init, op->target);
    char name[PATH_NAME_SIZE], old[INIT_PATH_SIZE];
    _cleanup_close_ int dir_fd = path_make_parent(init, target, name);
    long length;
    int r;

    if (dir_fd < 0)
        return init_fail(init, dir_fd, "open", target);
    r = sys_symlinkat(text, dir_fd, name);
    if (r != -EEXIST)
        return r < 0 ? init_fail(init, r, "symlink", target) : 0;
    length = sys_readlinkat(dir_fd, name, old, sizeof old - 1);
    old[length < 0 ? 0 : length] = '\0';
    return text_equal(old, text) ? 0 : init_fail(init, r, "symlink", target);
}

/* 1 if the source is no symbolic link. */
static int copy_link(struct init *init, const struct op_bind *op, int tree_fd)
{
    char text[INIT_PATH_SIZE];
    const char *source = init_str(init, op->source);
    long length = tree_fd >= 0 ? sys_readlinkat(tree_fd, "", text, sizeof text - 1)
                  : source     ? sys_readlinkat(AT_FDCWD, source, text, sizeof text - 1)
                               : -EINVAL;

    /* An empty path names what is no symbolic link: ENOENT. */
    if (length == -EINVAL || (length == -ENOENT && tree_fd >= 0))
        return 1;
    if (length < 0)
        return no_source(init, (int) length, "readlink", source);
    text[length] = '\0';
    return make_link(init, op, text);
}

/* ---- */

int init_bind(struct init *init, const struct op_bind *op)
{
    const bool from_parent = is_from_parent(op);
    _cleanup_close_ int tree_fd = from_parent ? open_source(init, op) : -1;
    int r = op->flags & BIND_COPY_SYMLINK ? copy_link(init, op, tree_fd) : 1;

    if (r <= 0)
        return r;
    if (!from_parent)
        tree_fd = open_source(init, op);
    if (tree_fd >= 0) {
        r = bind_tree(init, op, tree_fd);
        scratch_leave(init, take_fd(&tree_fd));
        return r;
    }
    if (!from_parent && op->source && tree_api_missing(init, tree_fd))
        return bind_old(init, op);
    r = no_source(init, tree_fd, "open_tree", init_str(init, op->source));
    if (r == -EINVAL && !(op->flags & BIND_RECURSIVE))
        init_hint(init, "(what is mounted below it is locked in a user namespace, and would be uncovered: use rbind)");
    return r;
}

/* By mount(2) the attributes come last; a mount that stays without them would show more than was allowed. */
static int bind_host_old(struct init *init, const char *path, const char *target, int target_fd, uint64_t set)
{
    _cleanup_close_ int mounted_fd = -1;
    int r = tree_mount_old(init, -1, path, target_fd, NULL, MS_BIND | MS_REC, NULL);

    if (r < 0)
        return r;
    mounted_fd = path_open(init, target, 0);
    return mounted_fd < 0 ? mounted_fd : tree_change_each(init, mounted_fd, target, 0, set, 0);
}

int bind_host(struct init *init, const char *path, const char *target, int target_fd, uint64_t set)
{
    const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;
    _cleanup_close_ int tree_fd = init->no_mount_api ? -ENOSYS : sys_open_tree(AT_FDCWD, path, flags);
    int r;

    if (tree_fd < 0 && tree_api_missing(init, tree_fd))
        return bind_host_old(init, path, target, target_fd, set);
    if (tree_fd < 0)
        return tree_fd;
    r = tree_set_attributes(tree_fd, set, 0, true);
    if (r < 0 && tree_api_missing(init, r))
        return bind_host_old(init, path, target, target_fd, set);
    if (r >= 0)
        r = tree_attach(tree_fd, target_fd);
    return r < 0 && tree_try_older(init, r) ? bind_host_old(init, path, target, target_fd, set) : r;
}
