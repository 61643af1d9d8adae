// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mounts of a container that runs change all together or not at all: what was mounted stays at hand as a descriptor, of
 * what was taken off a clone is kept. Nothing is looked up a second time to take a mount back, so that whatever the
 * container has moved meanwhile, it is that mount which goes. They are kept when the parent says so, and taken back when it
 * is gone before. What was removed comes back where its path leads then.
 */
#include "init/init.h"
#include "sys/mounts.h"

/* The parent that is gone takes nothing with it from here on: changes come to their end, or are taken back. */
int init_changes(struct init *init, const struct op_changes *op)
{
    (void) op;
    init->changes.kept = true;
    return process_release(init);
}

static int keep(struct init *init, int fd, const char *removed_from)
{
    struct changes *changes = &init->changes;

    if (changes->n == CHANGES_MAX)
        return -E2BIG;
    changes->list[changes->n++] = (struct change){ fd, init->row, removed_from };
    return 0;
}

/* 0: the kernel does not say. */
static uint64_t mount_id(int fd)
{
    struct sys_statx statx;
    int r = sys_statx(fd, "", AT_EMPTY_PATH, SYS_STATX_MNT_ID_UNIQUE, &statx);

    if (r == 0 && !(statx.mask & SYS_STATX_MNT_ID_UNIQUE))
        r = sys_statx(fd, "", AT_EMPTY_PATH, SYS_STATX_MNT_ID, &statx);
    return r == 0 && statx.mask & (SYS_STATX_MNT_ID_UNIQUE | SYS_STATX_MNT_ID) ? statx.mnt_id : 0;
}

/* Through the verified procfs, whose link names this mount and no other. Whoever is in it may stay until he leaves. */
static int unmount(struct init *init, int fd)
{
    char link[32];
    struct text text = text_init(link, sizeof link);
    int r = sys_fchdir(init->proc_fd);

    text_put(&text, "self/fd/");
    text_put_number(&text, fd);
    if (r == 0)
        r = sys_umount2(link, MNT_DETACH);
    sys_fchdir(init->root_fd);
    return r;
}

int changes_mounted(struct init *init, const char *path, int fd)
{
    int copy_fd, r;

    root_mounted(init, path, fd);
    if (!init->changes.kept)
        return 0;
    copy_fd = sys_fcntl(fd, F_DUPFD_CLOEXEC, 0);
    r = copy_fd < 0 ? copy_fd : keep(init, copy_fd, NULL);
    if (r == 0)
        return 0;
    unmount(init, fd);
    return init_fail(init, r, "fcntl", NULL);
}

/* At the end, when the parent does nothing but listen: it may be sending us trees until then. */
int init_tell(struct init *init, const struct op_tell *op)
{
    struct message message;

    (void) op;
    memset(&message, 0, sizeof message);
    message.type = MESSAGE_MOUNTED;
    for (unsigned i = 0; i < init->changes.n; i++) {
        const struct change *change = &init->changes.list[i];
        struct text text = text_init(message.detail, sizeof message.detail);

        if (change->removed_from)
            continue;
        message.row = change->row;
        text_put_number(&text, (long long) mount_id(change->fd));
        if (message_send(init, &message, -1) < 0)
            return init_fail(init, -EPIPE, "sendmsg", NULL);
    }
    return 0;
}

/* ---- taking off ---- */

/* A mount on a symbolic link itself (dest-nofollow) is tried first. */
static int find_mount(struct init *init, const struct op_unmount *op)
{
    static const unsigned ways[] = { PATH_NO_FOLLOW, 0 };
    const char *target = init_str(init, op->target);

    for (unsigned i = 0; i < 2; i++) {
        int fd = path_open(init, target, ways[i]);

        if (fd < 0)
            return init_fail(init, fd, "open", target);
        if (!op->id || mount_id(fd) == (uint64_t) op->id)
            return fd;
        sys_close(fd);
    }
    return init_explain(
        init, -ENOENT,
        "what was added is not what is mounted there now (the container has moved, covered or removed it)");
}

static int keep_clone(struct init *init, int fd, const char *target)
{
    int clone_fd = sys_open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
    int r = clone_fd < 0 ? clone_fd : keep(init, clone_fd, target);
    return r < 0 ? init_fail(init, r, "open_tree", target) : 0;
}

int init_unmount(struct init *init, const struct op_unmount *op)
{
    const char *target = init_str(init, op->target);
    _cleanup_close_ int fd = find_mount(init, op);
    int r = fd < 0 ? fd : keep_clone(init, fd, target);

    if (r < 0)
        return r;
    r = unmount(init, fd);
    if (r == 0)
        return 0;
    close_fdp(&init->changes.list[--init->changes.n].fd);
    return init_fail(init, r, "umount2", target);
}

/* ---- taking back ---- */

static void put_back(struct init *init, int tree_fd, const char *target)
{
    _cleanup_close_ int target_fd = path_open(init, target, 0);

    if (target_fd >= 0)
        tree_attach(tree_fd, target_fd);
}

void changes_undo(struct init *init)
{
    while (init->changes.n) {
        const struct change *change = &init->changes.list[--init->changes.n];

        if (change->removed_from)
            put_back(init, change->fd, change->removed_from);
        else
            unmount(init, change->fd);
    }
}

/* ---- */

int init_end(struct init *init, const struct op_end *op)
{
    (void) init;
    (void) op;
    sys_exit_group(0);
}
