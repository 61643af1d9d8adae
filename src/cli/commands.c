// SPDX-License-Identifier: GPL-2.0-or-later
/* The list of commands. */
#include "cli/command.h"

#include <string.h>

const struct command *const commands[] = {
    &command_create,
    &command_start,
    &command_run,
    &command_exec,
    &command_state,
    &command_list,
    &command_ps,
    &command_kill,
    &command_delete,
    &command_pause,
    &command_resume,
    &command_update,
    &command_events,
    &command_checkpoint,
    &command_restore,
    &command_mounts,
    &command_spec,
    &command_features,
    &command_plan,
    &command_check,
    &command_help,
    &command_version,
    NULL,
};

const struct command *command_find(const char *name)
{
    for (const struct command *const *c = commands; *c; c++)
        if (strcmp((*c)->name, name) == 0)
            return *c;
    return strcmp(name, "h") == 0 ? &command_help : NULL;
}
