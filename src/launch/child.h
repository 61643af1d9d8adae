// SPDX-License-Identifier: LGPL-2.1-or-later
/* Our own children, and signals to them. */
#pragma once

#include <errno.h>
#include <signal.h>
#include <sys/types.h>

#include "sys/process.h"

/* exec resets handlers only, not what is ignored; and C libraries keep some real-time signals to themselves. */
void child_reset_signals(void);

/* By pidfd, or where a sandbox blocks that by the number PID: it is our child's until we have waited for it. */
static inline int child_signal(int pidfd, pid_t pid, int signal)
{
    int r = sys_pidfd_send_signal(pidfd, signal);

    return (r == -ENOSYS || r == -EPERM) && pid > 0 ? sys_kill(pid, signal) : r;
}
