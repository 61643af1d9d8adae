// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who we are: ids, effective capabilities, and whether our ids are those of the initial user namespace. Being uid 0
 * says little by itself: an ordinary user's engine runs us as root of his own user namespace.
 */
#include "host/probes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

#define UID_MAP_LIMIT 65536
/* Since Linux 3.8 the inode of the initial user namespace, and of no other (PROC_USER_INIT_INO, USER_NS_INIT_INO). */
#define INITIAL_USER_NAMESPACE 0xeffffffdu
#define LIKELY_LAST            40 /* CAP_CHECKPOINT_RESTORE, the last one since Linux 5.9 */

/* capget(2)'s structures; <linux/capability.h> is not there for every libc. */
struct capability_header {
    uint32_t version;
    int pid;
};
struct capability_data {
    uint32_t effective, permitted, inheritable;
};
#define CAPABILITY_VERSION_3 0x20080522u

static uint64_t capabilities_effective(void)
{
    struct capability_header header = { .version = CAPABILITY_VERSION_3 };
    struct capability_data data[2] = { 0 };

    if (syscall(SYS_capget, &header, data) < 0)
        return 0;
    return data[0].effective | (uint64_t) data[1].effective << 32;
}

/* Any error but EINVAL says nothing: too high a number is found out when it is dropped, too low a one never. */
static bool knows_capability(uint32_t number)
{
    return prctl(PR_CAPBSET_READ, (unsigned long) number, 0, 0, 0) >= 0 || errno != EINVAL;
}

/* The bounding set knows every capability of the kernel: asking it (EINVAL above the last) needs no procfs. */
static uint32_t capability_last(void)
{
    uint32_t known = 0, unknown = 64;

    if (knows_capability(LIKELY_LAST) && !knows_capability(LIKELY_LAST + 1))
        return LIKELY_LAST;
    while (unknown - known > 1) {
        uint32_t middle = (known + unknown) / 2;

        if (knows_capability(middle))
            known = middle;
        else
            unknown = middle;
    }
    return known;
}

bool uid_map_is_initial(const char *text)
{
    unsigned long inside, outside, size;
    int end = 0;

    if (sscanf(text, "%lu %lu %lu %n", &inside, &outside, &size, &end) != 3)
        return false;
    return inside == 0 && outside == 0 && size == UINT32_MAX && text[end] == '\0';
}

bool host_in_user_namespace(void)
{
    _cleanup_free_ char *text = NULL;
    struct stat st;

    if (stat("/proc/self/ns/user", &st) == 0 && st.st_ino == INITIAL_USER_NAMESPACE)
        return false;
    if (file_read(AT_FDCWD, "/proc/self/uid_map", UID_MAP_LIMIT, &text, NULL) < 0)
        return true;
    return !uid_map_is_initial(text);
}

static bool groups_are_denied(void)
{
    _cleanup_free_ char *text = NULL;

    return file_read(AT_FDCWD, "/proc/self/setgroups", 64, &text, NULL) >= 0 && text[0] == 'd';
}

/* There is a /proc, and its process ids are ours: after unshare(1) of a pid namespace alone they are not. */
static bool proc_is_ours(void)
{
    char pid[16] = "";

    return readlink("/proc/self", pid, sizeof pid - 1) > 0 && atoi(pid) == getpid();
}

void host_probe_identity(struct host *host)
{
    host->euid = geteuid();
    host->egid = getegid();
    host->in_user_namespace = host_in_user_namespace();
    host->proc_missing = host->in_user_namespace && !proc_is_ours();
    host->groups_denied = host->in_user_namespace && groups_are_denied();
    host->foreign_mounts = host->in_user_namespace && host_mounts_are_foreign();
    host->capabilities = capabilities_effective();
    host->last_capability = capability_last();
}
