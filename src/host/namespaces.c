// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which of the newer namespace types the kernel has: those with a file in /proc/self/ns. */
#include "host/probes.h"

#include <unistd.h>

void host_probe_namespaces(struct host *host)
{
    host->time_namespace = access("/proc/self/ns/time", F_OK) == 0;
    host->cgroup_namespace = access("/proc/self/ns/cgroup", F_OK) == 0;
}
