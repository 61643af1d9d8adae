// SPDX-License-Identifier: GPL-2.0-or-later
/* /etc/passwd of a hostile image, as crun-init reads it: HOME is what a line of it says, whole, or "/". */
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

/* crun-init has its own of these. */
#define memcpy  init_memcpy
#define memmove init_memmove
#define memset  init_memset
#define memcmp  init_memcmp
#define strlen  init_strlen
#include "../../init/home.c"
#include "../../init/string.c"
#undef memcpy
#undef strlen

static int passwd_fd = -1;

int path_open(const struct init *init, const char *path, unsigned how)
{
    (void) init, (void) path, (void) how;
    return dup(passwd_fd);
}

int path_reopen(const struct init *init, int fd, int flags)
{
    (void) init, (void) flags;
    lseek(fd, 0, SEEK_SET);
    return dup(fd);
}

int init_fail(struct init *init, int code, const char *call, const char *detail)
{
    (void) init, (void) call, (void) detail;
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct init init;
    const struct op_home op = { .uid = 1000 };

    if (passwd_fd < 0)
        passwd_fd = memfd_create("passwd", MFD_CLOEXEC);
    if (ftruncate(passwd_fd, 0) < 0 || pwrite(passwd_fd, data, size, 0) != (ssize_t) size)
        abort();
    init.home[0] = '\0';
    assert(init_home(&init, &op) == 0);
    assert(strnlen(init.home, sizeof init.home) < sizeof init.home);
    assert(strncmp(init.home, "HOME=", 5) == 0 && init.home[5] && !strpbrk(init.home, ":\n"));
    return 0;
}
