// SPDX-License-Identifier: GPL-2.0-or-later
/* delete: remove what is left of a container, and with --force the container first. */
#include "cli/command.h"

struct delete_options {
    bool force, regex;
};

static const struct option options[] = {
    {"force",  'f', OPTION_FLAG, offsetof(struct delete_options, force), NULL, "kill the container if it still runs"},
    { "regex", 'r', OPTION_FLAG, offsetof(struct delete_options, regex), NULL, "ID is a regular expression"         },
};

static int delete_one(struct crun_context *context, const char *id, void *userdata, struct crun_error *err)
{
    const struct delete_options *o = userdata;

    return crun_delete(context, id, o->force, err);
}

static int delete_run(struct program *program, struct crun_error *err)
{
    struct delete_options o = *(const struct delete_options *) program->values;

    if (o.regex)
        return crun_for_each_match(program->context, program->operands[0], delete_one, &o, err);
    return delete_one(program->context, program->operands[0], &o, err);
}

const struct command command_delete = {
    .name = "delete",
    .operands = "ID",
    .summary = "delete a container",
    .description = "It has to be stopped, or created and not started.",
    COMMAND_OPTIONS(options),
    COMMAND_VALUES(struct delete_options),
    .n_min = 1,
    .n_max = 1,
    .run = delete_run,
};
