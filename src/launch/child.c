// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a child of ours does before it executes somebody else's program. */
#include "launch/child.h"

enum { N_SIGNALS = 64 };

void child_reset_signals(void)
{
    const struct sys_sigaction standard = { 0 };
    const uint64_t none = 0;

    for (int signal = 1; signal <= N_SIGNALS; signal++)
        sys_rt_sigaction(signal, &standard, NULL);
    sys_rt_sigprocmask(SIG_SETMASK, &none, NULL);
}
