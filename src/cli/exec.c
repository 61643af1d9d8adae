// SPDX-License-Identifier: GPL-2.0-or-later
/* exec: run a process in a running container; in the foreground wait for it and end as it did. */
#include <stddef.h>

#include "cli/command.h"
#include "cli/face.h"

struct exec_values {
    struct crun_exec_options options;
    struct option_list env, gids, caps, cgroups;
};

#define AT(member)        offsetof(struct exec_values, member)
#define OPTION_AT(member) offsetof(struct exec_values, options.member)

/* clang-format off */
static const struct option options[] = {
    { "console-socket",  0,   OPTION_STRING,   OPTION_AT(console_socket), "PATH",     "unix socket that gets the terminal" },
    { "cwd",             0,   OPTION_STRING,   OPTION_AT(cwd),           "DIR",       "working directory" },
    { "env",             'e', OPTION_LIST,     AT(env),                  "NAME=VALUE", "set a variable of the environment" },
    { "tty",             't', OPTION_FLAG,     OPTION_AT(tty),           NULL,        "with a terminal" },
    { "user",            'u', OPTION_STRING,   OPTION_AT(user),          "UID[:GID]", "user and group" },
    { "additional-gids", 'g', OPTION_LIST,     AT(gids),                 "GID",       "a further group" },
    { "process",         'p', OPTION_STRING,   OPTION_AT(process),       "FILE",      "the process, as the process object of config.json" },
    { "detach",          'd', OPTION_FLAG,     OPTION_AT(detach),        NULL,        "do not wait for its end" },
    { "pid-file",        0,   OPTION_STRING,   OPTION_AT(pid_file),      "FILE",      "write the process id to FILE" },
    { "pidfd-socket",    0,   OPTION_STRING,   OPTION_AT(pidfd_socket),  "PATH",      "unix socket that gets the process's pidfd" },
    { "process-label",   0,   OPTION_STRING,   OPTION_AT(process_label), "LABEL",     "SELinux label" },
    { "apparmor",        0,   OPTION_STRING,   OPTION_AT(apparmor),      "PROFILE",   "AppArmor profile" },
    { "no-new-privs",    0,   OPTION_FLAG,     OPTION_AT(no_new_privs),  NULL,        "set no_new_privs" },
    { "cap",             'c', OPTION_LIST,     AT(caps),                 "CAP",       "add a capability" },
    { "preserve-fds",    0,   OPTION_UNSIGNED, OPTION_AT(preserve_fds),  "N",         "hand descriptors 3 to 2+N on to the process" },
    { "timeline",        0,   OPTION_STRING,   OPTION_AT(timeline),      "FILE",      "write the times of all operations (-: as text to standard error)" },
    { "ignore-paused",   0,   OPTION_FLAG,     OPTION_AT(ignore_paused), NULL,        "wait when the container is paused" },
    { "cgroup",          0,   OPTION_LIST,     AT(cgroups),              "PATH",      "cgroup below the container's, on v1 CONTROLLERS:PATH" },
};
/* clang-format on */

static void options_take(struct crun_exec_options *o, const struct exec_values *values, const struct program *program)
{
    *o = values->options;
    o->args = (const char *const *) program->operands + 1;
    o->n_args = program->n_operands - 1;
    o->env = values->env.values;
    o->n_env = values->env.n;
    o->additional_gids = values->gids.values;
    o->n_additional_gids = values->gids.n;
    o->caps = values->caps.values;
    o->n_caps = values->caps.n;
    o->cgroups = values->cgroups.values;
    o->n_cgroups = values->cgroups.n;
}

/* Before the process runs everything is a failure of the runtime; runc has one status for all of it. */
static int exec_run(struct program *program, struct crun_error *err)
{
    struct exec_values values = *(const struct exec_values *) program->values;
    struct crun_exec_options o;
    int status = 0, r;

    options_take(&o, &values, program);
    r = crun_exec(program->context, program->operands[0], &o, &status, err);
    if (r < 0)
        program->failure = program->face->exec_failure ? program->face->exec_failure : status;
    option_list_done(&values.env);
    option_list_done(&values.gids);
    option_list_done(&values.caps);
    option_list_done(&values.cgroups);
    return r < 0 ? r : status;
}

const struct command command_exec = {
    .name = "exec",
    .operands = "ID [COMMAND [ARG...]]",
    .summary = "run a process in a running container",
    .description = "In the foreground signals are forwarded, and the exit status is that of the process.",
    COMMAND_OPTIONS(options),
    COMMAND_VALUES(struct exec_values),
    .n_min = 1,
    .n_max = OPERANDS_ANY,
    .n_stop = 2,
    .run = exec_run,
};
