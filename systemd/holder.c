// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The process that holds a scope until the container's is in it. It is a fork that does nothing, so that nothing that it
 * would allocate is charged to the scope; it ends with us whatever happens, for an empty scope is stopped by systemd.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "request.h"

static void __attribute__((noreturn)) hold(pid_t parent)
{
    close(0); /* whose end tells the caller that we have ended */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "crun-scope");
    if (getppid() != parent)
        _exit(1);
    for (;;)
        pause();
}

int holder_start(struct manager *manager, struct error *err)
{
    pid_t parent = getpid();

    holder_end(manager);
    manager->holder = fork();
    if (manager->holder == 0)
        hold(parent);
    if (manager->holder > 0)
        return 0;
    manager->holder = 0;
    return error_errno(err, -errno, "fork a process for the scope");
}

void holder_end(struct manager *manager)
{
    if (!manager->holder)
        return;
    kill(manager->holder, SIGKILL);
    while (waitpid(manager->holder, NULL, 0) < 0 && errno == EINTR)
        ;
    manager->holder = 0;
}
