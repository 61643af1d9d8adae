// SPDX-License-Identifier: GPL-2.0-or-later
/* kill: send a signal to a container's first process or to all of them. */
#include <errno.h>

#include "cli/command.h"
#include "cli/failure.h"

struct kill_options {
    bool all, regex;
};

static const struct option options[] = {
    {"all",    'a', OPTION_FLAG, offsetof(struct kill_options, all),   NULL, "signal all processes of the container"},
    { "regex", 'r', OPTION_FLAG, offsetof(struct kill_options, regex), NULL, "ID is a regular expression"           },
};

struct kill_request {
    int signal;
    bool all;
};

static int kill_one(struct crun_context *context, const char *id, void *userdata, struct crun_error *err)
{
    const struct kill_request *request = userdata;

    return crun_kill(context, id, request->signal, request->all, err);
}

static int kill_run(struct program *program, struct crun_error *err)
{
    const struct kill_options *o = program->values;
    const char *id = program->operands[0];
    const char *name = program->n_operands > 1 ? program->operands[1] : "TERM";
    struct kill_request request = { crun_signal_number(name), o->all };

    if (request.signal < 0)
        return failure_set(err, -EINVAL, "unknown signal \"%s\"", name);
    if (o->regex)
        return crun_for_each_match(program->context, id, kill_one, &request, err);
    return kill_one(program->context, id, &request, err);
}

const struct command command_kill = {
    .name = "kill",
    .operands = "ID [SIGNAL]",
    .summary = "send a signal to a container (default: TERM)",
    .description = "SIGNAL is a number or a name: 9, KILL, SIGKILL, RTMIN+3.",
    COMMAND_OPTIONS(options),
    COMMAND_VALUES(struct kill_options),
    .n_min = 1,
    .n_max = 2,
    .run = kill_run,
};
