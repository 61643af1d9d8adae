// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * LISTEN_FDS=N says that N sockets stand at 3 and up, for the process LISTEN_PID. That is us where conmon or systemd
 * calls; without it (a shell) they are meant for us too; another number means that somebody forgot to clear them. The
 * container's process has a number of its own, which only crun-init knows (the row LISTEN_PID).
 */
#include "container/listen.h"

#include <stdlib.h>
#include <unistd.h>

enum { LISTEN_MAX = 65536 };

/* A decimal number from 1 to LISTEN_MAX, else 0. */
static unsigned number_of(const char *text)
{
    char *end;
    unsigned long value;

    if (!text || *text < '0' || *text > '9')
        return 0;
    value = strtoul(text, &end, 10);
    return *end || value > LISTEN_MAX ? 0 : (unsigned) value;
}

static bool is_for_us(void)
{
    const char *pid = getenv("LISTEN_PID");

    return !pid || !*pid || strtol(pid, NULL, 10) == (long) getpid();
}

void listen_take(struct plan_input *input)
{
    unsigned n = is_for_us() ? number_of(getenv("LISTEN_FDS")) : 0;

    if (n == 0)
        return;
    input->listen_fds = n;
    input->listen_names = getenv("LISTEN_FDNAMES");
    input->preserve_fds += n;
}
