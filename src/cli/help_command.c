// SPDX-License-Identifier: GPL-2.0-or-later
/* help: the program's help, or a command's. */
#include <errno.h>

#include "cli/command.h"
#include "cli/failure.h"

static int help_run(struct program *program, struct crun_error *err)
{
    const struct command *command = program->n_operands > 0 ? command_find(program->operands[0]) : NULL;

    if (program->n_operands > 0 && !command)
        return failure_set(err, -EINVAL, program->face->no_command, program->operands[0]);
    if (command)
        program->face->command_help(program, command);
    else
        program->face->program_help(program);
    return 0;
}

const struct command command_help = {
    .name = "help",
    .operands = "[COMMAND]",
    .summary = "show help for the program or a command",
    .n_min = 0,
    .n_max = 1,
    .run = help_run,
};
