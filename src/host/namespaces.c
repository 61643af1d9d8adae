// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which of the newer namespace types the kernel has: those with a file in /proc/self/ns. And whose our own mounts are. */
#include "host/probes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "host/namespace_file.h"

void host_probe_namespaces(struct host *host)
{
    host->time_namespace = access("/proc/self/ns/time", F_OK) == 0;
    host->cgroup_namespace = access("/proc/self/ns/cgroup", F_OK) == 0;
}

/* After unshare(1) of a user namespace alone the mounts are still the host's. ioctl_ns(2): an owner further out than we may
 * see is EPERM. */
bool host_mounts_are_foreign(void)
{
    _cleanup_close_ int mounts_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    _cleanup_close_ int owner_fd = mounts_fd < 0 ? -1 : ioctl(mounts_fd, NS_GET_USERNS);

    if (mounts_fd < 0)
        return false;
    return owner_fd < 0 ? errno == EPERM : !namespace_file_is_own(owner_fd, NAMESPACE_USER);
}
