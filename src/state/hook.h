// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which hook runs for a container in the runtime's namespaces: ROOT/ID/hook, written by the hook's process itself before it executes the hook, and
 * removed when its end was waited for. Two need it: whoever ends a launch that hangs in a hook, or cleans up after a runtime that was
 * killed in one; and a command that is called from a hook, and must not wait for what waits for it.
 *
 * The process shares the lock of the directory until its exec. So whoever has the lock finds the file, if a hook runs.
 */
#pragma once

#include <stdbool.h>

#define STATE_HOOK "hook"

enum hook_end {
    HOOK_END_LAUNCH, /* not a poststop hook: what deletes a container waits for that */
    HOOK_END_ANY,    /* whoever waited for it is gone */
};

/* Of the calling process, which leads a process group. Only system calls and no memory: we may be the child of a process with threads.
 * Without the file (no space, no descriptors) the hook runs all the same. */
void hook_note(int dir_fd, bool poststop);
void hook_forget(int dir_fd);

/* Kill the process group of the hook that is noted, if it still runs. */
void hook_end(int dir_fd, enum hook_end which);

/* Whether it was that hook that has called us. */
bool hook_is_caller(int dir_fd);
