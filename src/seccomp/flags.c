// SPDX-License-Identifier: LGPL-2.1-or-later
/* The flags of seccomp(2); see flags.h. They concern the kernel alone: the library is not asked. */
#include "seccomp/flags.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "seccomp/seccomp.h"

/* clang-format off */
#define FLAGS(FLAG)                                                                                  \
    FLAG("SECCOMP_FILTER_FLAG_TSYNC",              SECCOMP_FILTER_FLAG_TSYNC)                          \
    FLAG("SECCOMP_FILTER_FLAG_LOG",                SECCOMP_FILTER_FLAG_LOG)                            \
    FLAG("SECCOMP_FILTER_FLAG_SPEC_ALLOW",         SECCOMP_FILTER_FLAG_SPEC_ALLOW)                     \
    FLAG("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
/* clang-format on */

#define NAME(name, flag) name,
#define ROW(name, flag)  { name, flag },

const char *const seccomp_flags[] = { FLAGS(NAME) NULL };

static const struct {
    const char *name;
    unsigned flag;
} flags[] = { FLAGS(ROW) };

unsigned seccomp_flag_find(const char *name)
{
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (strcmp(flags[i].name, name) == 0)
            return flags[i].flag;
    return 0;
}

/* The kernel looks at the flags first, then for the program at NULL: EFAULT says that it knows them. */
bool seccomp_has_flag(const char *name)
{
    unsigned flag = seccomp_flag_find(name);

    if (flag & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) /* goes only together with a listener */
        flag |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
    return flag && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flag, NULL) < 0 && errno == EFAULT;
}
