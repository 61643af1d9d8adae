// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of faces; see face.h. */
#include "cli/face.h"

#include <stddef.h>
#include <string.h>

#include "cli/help.h"

static const struct face faces[] = {
    {
     .name = "crun",
     .as_runc = false,
     .help_for_nothing = false,
     .bare_errors = false,
     .exec_failure = 0,
     .no_command = "unknown command \"%s\"",
     .program_help = help_gnu_program,
     .command_help = help_gnu_command,
     },
    {
     .name = "runc",
     .as_runc = true,
     .help_for_nothing = true,
     .bare_errors = true,
     .exec_failure = 255,
     .no_command = "No help topic for '%s'",
     .program_help = help_sections_program,
     .command_help = help_sections_command,
     },
};

const struct face *face_find(const char *called)
{
    for (size_t i = 1; i < sizeof faces / sizeof faces[0]; i++)
        if (strcmp(called, faces[i].name) == 0)
            return &faces[i];
    return &faces[0];
}
