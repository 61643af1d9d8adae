// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The procfs that we were started with, opened before anything of the container can be in its place; /proc of the
 * container could be anything. What is opened below is verified again, file by file, to lie on a procfs: no image and
 * no volume can take a write that was meant for the kernel (CVE-2019-16884 and its successors).
 */
#include "init/init.h"
#include "sys/mounts.h"

#define PROC_SUPER_MAGIC 0x9fa0
#define PROC_ROOT_INO    1

static int verified(int fd)
{
    struct statfs fs;
    int r = fd < 0 ? fd : sys_fstatfs(fd, &fs);

    if (r >= 0 && (unsigned) fs.f_type != PROC_SUPER_MAGIC)
        r = -EXDEV;
    if (r < 0 && fd >= 0)
        sys_close(fd);
    return r < 0 ? r : fd;
}

int proc_holds(int fd)
{
    struct statfs fs;
    struct stat st;
    int r = sys_fstatfs(fd, &fs);

    if (r < 0 || (unsigned) fs.f_type != PROC_SUPER_MAGIC)
        return r < 0 ? r : 0;
    r = sys_fstat(fd, &st);
    return r < 0 ? r : st.st_ino == PROC_ROOT_INO ? 2 : 1;
}

int proc_open(void)
{
    return verified(sys_openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0));
}

bool proc_is_absent(int code)
{
    return code == -ENOENT || code == -ENOTDIR || code == -ELOOP || code == -EXDEV || code == -EACCES;
}

int proc_open_file(int proc_fd, const char *path)
{
    return proc_fd < 0 ? -ENOENT : verified(sys_openat(proc_fd, path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0));
}

int proc_private(void)
{
    _cleanup_close_ int fs_fd = sys_fsopen("proc", FSOPEN_CLOEXEC);
    int r = fs_fd;

    if (r >= 0)
        r = sys_fsconfig(fs_fd, SYS_FSCONFIG_CMD_CREATE, NULL, NULL, 0);
    return r < 0 ? r : sys_fsmount(fs_fd, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

/* ".." of the host's procfs is the host's root, and its directory 1 the host's first process: whoever may trace us in the
 * container's pid namespace must find neither. One of that pid namespace, attached nowhere, shows what he sees anyway. */
void proc_leave(struct init *init)
{
    close_fdp(&init->proc_fd);
    init->proc_fd = -1;
}

void proc_enter(struct init *init)
{
    init->proc_fd = init->no_mount_api ? -ENOSYS : proc_private();
    if (init->proc_fd < 0)
        init->proc_fd = proc_open();
    if (init->proc_fd < 0)
        init->proc_fd = -1;
}
