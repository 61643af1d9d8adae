// SPDX-License-Identifier: LGPL-2.1-or-later
/* seccomp.h in a build without libseccomp: a configuration that asks for a filter is refused, never run without. */
#include <errno.h>

#include "seccomp/cache.h"
#include "seccomp/seccomp.h"

const char *const seccomp_actions[] = { NULL };
const char *const seccomp_operators[] = { NULL };
const char *const seccomp_archs[] = { NULL };

int seccomp_compile(const struct spec_seccomp *seccomp, bool fail_unknown, struct seccomp_filter *ret_filter,
                    void (*warn)(void *userdata, const char *text), void *userdata, struct error *err)
{
    return error_set(err, -EOPNOTSUPP, "linux.seccomp: this crun was built without seccomp");
}

const char *seccomp_library_version(void)
{
    return NULL;
}

bool seccomp_knows_arch(const char *name)
{
    return false;
}

int seccomp_cache_find(int root_fd, const char *text, size_t size, struct seccomp_cached *ret)
{
    return 0;
}

int seccomp_cache_keep(int root_fd, const char *text, size_t size, const struct seccomp_cached *what)
{
    return -EOPNOTSUPP;
}

void seccomp_cached_done(struct seccomp_cached *cached)
{
    *cached = (struct seccomp_cached){ 0 };
}
