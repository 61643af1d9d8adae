// SPDX-License-Identifier: GPL-2.0-or-later
/* restore: make a container of a checkpoint; in the foreground wait for it and end as its process did. */
#include "cli/command.h"
#include "cli/checkpoint.h"

#define AT(member)        offsetof(struct crun_restore_options, member)
#define CREATE_AT(member) offsetof(struct crun_restore_options, create.member)

_Static_assert(AT(checkpoint) == 0, "CHECKPOINT_OPTIONS have the offsets of that");

static const struct option options[] = {
    CHECKPOINT_OPTIONS,
    {"bundle",             'b', OPTION_STRING, CREATE_AT(bundle),         "DIR",       "the bundle (default: the current directory)"       },
    { "config",            'f', OPTION_STRING, CREATE_AT(config),         "FILE",      "configuration (default: config.json of the bundle)"},
    { "console-socket",    0,   OPTION_STRING, CREATE_AT(console_socket), "PATH",      "unix socket that gets the terminal"                },
    { "detach",            'd', OPTION_FLAG,   CREATE_AT(detach),         NULL,        "do not wait for the container's end"               },
    { "keep",              0,   OPTION_FLAG,   CREATE_AT(keep),           NULL,        "do not delete the container when it has ended"     },
    { "pid-file",          0,   OPTION_STRING, CREATE_AT(pid_file),       "FILE",      "write the process id to FILE"                      },
    { "no-pivot",          0,   OPTION_FLAG,   CREATE_AT(no_pivot),       NULL,        "accepted; CRIU enters the root in its own way"     },
    { "no-subreaper",      0,   OPTION_FLAG,   CREATE_AT(no_subreaper),   NULL,        "do not reap orphans of the container"              },
    { "lsm-profile",       0,   OPTION_STRING, AT(lsm_profile),           "TYPE:NAME", "security profile to restore with"                  },
    { "lsm-mount-context", 0,   OPTION_STRING, AT(lsm_mount_context),     "CONTEXT",   "mount context to restore with"                     },
};

static int restore_run(struct program *program, struct crun_error *err)
{
    int status = 0;
    int r = crun_restore(program->context, program->operands[0], program->values, &status, err);

    if (r < 0 && status > 0)
        program->failure = status;
    return r < 0 ? r : status;
}

const struct command command_restore = {
    .name = "restore",
    .operands = "ID",
    .summary = "make a container from a checkpoint",
    .description = "In the foreground signals are forwarded, and the exit status is that of the container's process.",
    COMMAND_OPTIONS(options),
    COMMAND_VALUES(struct crun_restore_options),
    .n_min = 1,
    .n_max = 1,
    .run = restore_run,
};
