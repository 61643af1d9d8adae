// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which security modules label processes here. A label for a module that is not there must be refused, not lost. */
#include "host/probes.h"

#include <fcntl.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/fd.h"

#define SMALL_FILE      4096
#define SELINUX_FS_TYPE 0xf97cff8cu /* SELINUX_MAGIC of <linux/magic.h> */

/* Whether NAME is in the comma list of active modules. */
static bool module_listed(const char *list, const char *name)
{
    size_t length = strlen(name);

    for (const char *item = list; *item; item += strcspn(item, ",\n"), item += *item != '\0')
        if (strcspn(item, ",\n") == length && memcmp(item, name, length) == 0)
            return true;
    return false;
}

static bool apparmor_enabled(void)
{
    _cleanup_free_ char *text = NULL, *list = NULL;

    if (file_read(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", SMALL_FILE, &text, NULL) == 0)
        return text[0] == 'Y';
    if (file_read(AT_FDCWD, "/sys/kernel/security/lsm", SMALL_FILE, &list, NULL) == 0)
        return module_listed(list, "apparmor");
    return false;
}

static bool selinux_enabled(void)
{
    struct statfs fs;

    return statfs("/sys/fs/selinux", &fs) == 0 && (uint32_t) fs.f_type == SELINUX_FS_TYPE;
}

void host_probe_lsm(struct host *host)
{
    host->apparmor = apparmor_enabled();
    host->selinux = selinux_enabled();
}
