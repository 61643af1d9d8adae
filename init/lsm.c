// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The label for the exec, written to /proc/self/attr of the procfs that we were started with.
 */
#include "init/init.h"

enum { LABEL_SIZE = 4096 };

/* AppArmor has a directory of its own since Linux 5.8, for when it is not the only LSM. */
static int open_exec(const struct init *init, bool apparmor)
{
    int fd = apparmor ? proc_open_file(init->proc_fd, "self/attr/apparmor/exec") : -ENOENT;

    return fd == -ENOENT ? proc_open_file(init->proc_fd, "self/attr/exec") : fd;
}

int init_lsm_label(struct init *init, const struct op_lsm_label *op)
{
    const char *label = init_str(init, op->label);
    bool apparmor = text_equal(init_str(init, op->lsm), "apparmor");
    char value[LABEL_SIZE];
    struct text text = text_init(value, sizeof value);
    _cleanup_close_ int fd = open_exec(init, apparmor);
    long r;

    if (fd < 0)
        return init_fail(init, fd, "open", "/proc/self/attr/exec");
    text_put(&text, apparmor ? "exec " : "");
    text_put(&text, label);
    if (text.cut)
        return init_fail(init, -ENAMETOOLONG, "write", label);
    r = sys_write(fd, value, text.length);
    return r < 0 ? init_fail(init, (int) r, "write", label) : 0;
}
