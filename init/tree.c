// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mounts as descriptors: open_tree, mount_setattr, move_mount (Linux 5.2, 5.12). Both ends of every mount are
 * descriptors, so no path can be exchanged between the check and the mount. Where the calls are missing, or a sandbox
 * refuses them, mount(2) is used on the links of the verified procfs ("self/fd/N" from its directory), which name the
 * very same descriptors.
 */
#include "init/init.h"
#include "sys/mounts.h"

#define SYS_STATFS_NOATIME     0x0400
#define SYS_STATFS_NODIRATIME  0x0800
#define SYS_STATFS_RELATIME    0x1000
#define SYS_STATFS_NOSYMFOLLOW 0x2000

enum { KEPT_FLAGS = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC };

/* A filter's EPERM is told from the kernel's own: unknown flags are EINVAL to anybody who gets through, and who may
 * not mount at all (EPERM again) may not by mount(2) either. */
static bool is_filtered(void)
{
    return sys_open_tree(-1, "", ~0u) == -EPERM || sys_mount_setattr(-1, "", ~0u, NULL) == -EPERM ||
           sys_fsopen("", ~0u) == -EPERM || sys_fsmount(-1, ~0u, 0) == -EPERM ||
           sys_move_mount(-1, "", -1, "", ~0u) == -EPERM || sys_fsconfig(-1, 0, NULL, NULL, 0) == -EPERM ||
           sys_fspick(-1, "", ~0u) == -EPERM;
}

bool tree_api_missing(struct init *init, int code)
{
    if (code == -ENOSYS || (code == -EPERM && !init->no_mount_api && is_filtered()))
        init->no_mount_api = true;
    return init->no_mount_api;
}

bool tree_try_older(struct init *init, int code)
{
    return !init->no_mount_api && !init->changes.kept && tree_api_missing(init, code);
}

int tree_attach(int tree_fd, int target_fd)
{
    return sys_move_mount(tree_fd, "", target_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

int tree_cover(struct init *init, struct cover *cover, int target_fd)
{
    int clone_fd, r;

    if (!cover->attached) {
        r = tree_attach(cover->fd, target_fd);
        cover->attached = r == 0;
        return r;
    }
    clone_fd = sys_open_tree(cover->fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    if (clone_fd < 0)
        return clone_fd;
    r = tree_attach(clone_fd, target_fd);
    scratch_leave(init, clone_fd);
    return r;
}

int tree_set_attributes(int fd, uint64_t set, uint64_t clear, bool recursive)
{
    struct sys_mount_attr attr = { .attr_set = set, .attr_clr = clear };

    if (!set && !clear)
        return 0;
    if ((set | clear) & MOUNT_ATTR__ATIME)
        attr.attr_clr |= MOUNT_ATTR__ATIME; /* the times are one value, not bits */
    return sys_mount_setattr(fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr);
}

unsigned long tree_attr_to_flags(uint64_t attr)
{
    unsigned long flags = attr & KEPT_FLAGS; /* the same bits in both */

    flags |= attr & MOUNT_ATTR_NODIRATIME ? MS_NODIRATIME : 0;
    flags |= attr & MOUNT_ATTR_NOSYMFOLLOW ? MS_NOSYMFOLLOW : 0;
    if ((attr & MOUNT_ATTR__ATIME) == MOUNT_ATTR_NOATIME)
        return flags | MS_NOATIME;
    return flags | ((attr & MOUNT_ATTR__ATIME) == MOUNT_ATTR_STRICTATIME ? MS_STRICTATIME : MS_RELATIME);
}

static uint64_t attr_of(const struct statfs *fs)
{
    unsigned long flags = (unsigned long) fs->f_flags;
    uint64_t attr = flags & KEPT_FLAGS;

    attr |= flags & SYS_STATFS_NODIRATIME ? MOUNT_ATTR_NODIRATIME : 0;
    attr |= flags & SYS_STATFS_NOSYMFOLLOW ? MOUNT_ATTR_NOSYMFOLLOW : 0;
    if (flags & SYS_STATFS_NOATIME)
        return attr | MOUNT_ATTR_NOATIME;
    return attr | (flags & SYS_STATFS_RELATIME ? MOUNT_ATTR_RELATIME : MOUNT_ATTR_STRICTATIME);
}

uint64_t tree_attributes(int fd)
{
    struct statfs fs;

    return sys_fstatfs(fd, &fs) < 0 ? 0 : attr_of(&fs) & ~(uint64_t) MOUNT_ATTR__ATIME;
}

void tree_put_attributes(struct text *text, uint64_t attributes)
{
    static const struct {
        uint64_t attribute;
        const char *name;
    } names[] = {
        {MOUNT_ATTR_RDONLY,       " ro"         },
        { MOUNT_ATTR_NOSUID,      " nosuid"     },
        { MOUNT_ATTR_NODEV,       " nodev"      },
        { MOUNT_ATTR_NOEXEC,      " noexec"     },
        { MOUNT_ATTR_NODIRATIME,  " nodiratime" },
        { MOUNT_ATTR_NOSYMFOLLOW, " nosymfollow"},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (attributes & names[i].attribute)
            text_put(text, names[i].name);
}

static const char *fd_link(char link[32], int fd)
{
    struct text text = text_init(link, 32);

    text_put(&text, "self/fd/");
    text_put_number(&text, fd);
    return link;
}

int tree_mount_old(struct init *init, int source_fd, const char *name, int target_fd, const char *type,
                   unsigned long flags, const char *data)
{
    char source[32], target[32];
    int r = sys_fchdir(init->proc_fd);

    if (r < 0)
        return r;
    r = sys_mount(source_fd < 0 ? name : fd_link(source, source_fd), fd_link(target, target_fd), type, flags, data);
    sys_fchdir(init->root_fd);
    return r;
}

int tree_remount_old(struct init *init, int fd, unsigned long how, uint64_t set, uint64_t clear, const char *data)
{
    struct statfs fs;
    uint64_t attr;
    int r = sys_fstatfs(fd, &fs);

    if (r < 0)
        return r;
    if ((set | clear) & MOUNT_ATTR__ATIME)
        clear |= MOUNT_ATTR__ATIME;
    attr = (attr_of(&fs) & ~clear) | set;
    return tree_mount_old(init, -1, NULL, fd, NULL, how | tree_attr_to_flags(attr), data);
}

int tree_change(struct init *init, int fd, uint64_t set, uint64_t clear, bool recursive)
{
    int r = init->no_mount_api ? -ENOSYS : tree_set_attributes(fd, set, clear, recursive);

    if (!(set | clear) || r == 0)
        return 0;
    if (recursive || (r != -ENOSYS && !tree_api_missing(init, r)))
        return r;
    return tree_remount_old(init, fd, MS_REMOUNT | MS_BIND, set, clear, NULL);
}
