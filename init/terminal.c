// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The container's terminal. The master is a pseudo-terminal of the container's own devpts: /dev/pts/ptmx is held by
 * descriptor and verified to lie on a devpts and to be device 5:2 before it is opened. The other end comes from the
 * master itself (TIOCGPTPEER), never from a name below /dev/pts.
 */
#include <sys/ioctl.h>

#include "init/init.h"
#include "sys/mounts.h"

#define DEVPTS_SUPER_MAGIC 0x1cd1
#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

enum { TTY_MODE = 0620 };

static int open_master(struct init *init)
{
    const char *path = "/dev/pts/ptmx";
    _cleanup_close_ int fd = path_open(init, path, PATH_PLAIN);
    struct statfs fs;
    struct stat st;
    int r = fd < 0 ? fd : sys_fstat(fd, &st);

    if (r >= 0)
        r = sys_fstatfs(fd, &fs);
    if (r < 0)
        return init_fail(init, r, "open", path);
    if ((unsigned) fs.f_type != DEVPTS_SUPER_MAGIC || !S_ISCHR(st.st_mode) || (uint32_t) st.st_rdev != sys_device(5, 2))
        return init_explain(init, -ENODEV, "/dev/pts is not a devpts: a terminal needs one");
    r = path_reopen(init, fd, O_RDWR | O_NOCTTY);
    return r < 0 ? init_fail(init, r, "open", path) : r;
}

static int open_peer(struct init *init, int master_fd, const struct op_terminal *op)
{
    struct winsize size = { .ws_row = (unsigned short) op->height, .ws_col = (unsigned short) op->width };
    int unlock = 0, fd, r = sys_ioctl(master_fd, TIOCSPTLCK, &unlock);

    if (r < 0)
        return init_fail(init, r, "ioctl", "TIOCSPTLCK");
    fd = (int) sys_call(SYS_ioctl, master_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return init_fail(init, fd, "ioctl", "TIOCGPTPEER");
    if (op->width > 0 && op->height > 0)
        sys_ioctl(fd, TIOCSWINSZ, &size);
    return fd;
}

/* In a user namespace without the id the owner stays who it is; the descriptors are open already. */
static void set_owner(struct init *init, int peer_fd, const struct op_terminal *op)
{
    int r = sys_fchown(peer_fd, (uint32_t) op->uid, (uint32_t) -1);

    if (r >= 0)
        r = sys_fchmod(peer_fd, TTY_MODE);
    if (r < 0)
        init_warn(init, r, "fchown", NULL);
}

static int attach_console(struct init *init, int peer_fd, int target_fd)
{
    const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;
    _cleanup_close_ int tree_fd = init->no_mount_api ? -ENOSYS : sys_open_tree(peer_fd, "", flags);
    int r = tree_fd < 0 ? tree_fd : tree_attach(tree_fd, target_fd);

    if (r < 0 && tree_api_missing(init, r))
        return tree_mount_old(init, peer_fd, NULL, target_fd, NULL, MS_BIND, NULL);
    return r;
}

static int show_console(struct init *init, int peer_fd)
{
    const char *path = "/dev/console";
    _cleanup_close_ int target_fd = path_make(init, path, S_IFREG | 0600, PATH_NO_FOLLOW, NULL);
    struct stat st;
    int r = target_fd < 0 ? target_fd : sys_fstat(target_fd, &st);

    if (r < 0)
        return init_fail(init, r, "open", path);
    if (S_ISLNK(st.st_mode))
        return init_explain(init, -ELOOP, "/dev/console is a symbolic link");
    r = attach_console(init, peer_fd, target_fd);
    return r < 0 ? init_fail(init, r, "mount", path) : 0;
}

static int send_master(struct init *init, int master_fd)
{
    struct message message;
    int r;

    memset(&message, 0, sizeof message);
    message.type = MESSAGE_TERMINAL;
    message.row = init->row;
    r = message_send(init, &message, master_fd);
    return r < 0 ? init_fail(init, r, "sendmsg", NULL) : 0;
}

int terminal_control(struct init *init, int fd)
{
    int r = (int) sys_call(SYS_ioctl, fd, TIOCSCTTY, 0);

    return r < 0 ? init_fail(init, r, "ioctl", "TIOCSCTTY") : 0;
}

static int take_streams(struct init *init, int peer_fd)
{
    for (int fd = 0; fd < 3; fd++) {
        int r = sys_dup3(peer_fd, fd, 0);

        if (r < 0)
            return init_fail(init, r, "dup3", NULL);
    }
    return 0;
}

int init_terminal(struct init *init, const struct op_terminal *op)
{
    _cleanup_close_ int master_fd = open_master(init);
    _cleanup_close_ int peer_fd = -1;
    int r;

    if (master_fd < 0)
        return master_fd;
    peer_fd = open_peer(init, master_fd, op);
    if (peer_fd < 0)
        return peer_fd;
    set_owner(init, peer_fd, op);
    r = op->bare ? 0 : show_console(init, peer_fd);
    if (r == 0)
        r = send_master(init, master_fd);
    if (r == 0 && !op->bare)
        r = terminal_control(init, peer_fd);
    return r < 0 ? r : take_streams(init, peer_fd);
}
