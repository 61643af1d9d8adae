// SPDX-License-Identifier: GPL-2.0-or-later
/* exec: its command line. The verb is not in the library yet, so options are checked and then refused as a whole. */
#include "cli/command.h"

static const struct option options[] = {
    {"console-socket",   0,   OPTION_STRING,   0, "PATH",       "unix socket that gets the terminal"                  },
    { "cwd",             0,   OPTION_STRING,   0, "DIR",        "working directory"                                   },
    { "env",             'e', OPTION_LIST,     0, "NAME=VALUE", "set a variable of the environment"                   },
    { "tty",             't', OPTION_FLAG,     0, NULL,         "with a terminal"                                     },
    { "user",            'u', OPTION_STRING,   0, "UID[:GID]",  "user and group"                                      },
    { "additional-gids", 'g', OPTION_LIST,     0, "GID",        "further groups"                                      },
    { "process",         'p', OPTION_STRING,   0, "FILE",       "the process, as the process object of config.json"   },
    { "detach",          'd', OPTION_FLAG,     0, NULL,         "do not wait for its end"                             },
    { "pid-file",        0,   OPTION_STRING,   0, "FILE",       "write the process id to FILE"                        },
    { "pidfd-socket",    0,   OPTION_STRING,   0, "PATH",       "unix socket that gets the process's pidfd"           },
    { "process-label",   0,   OPTION_STRING,   0, "LABEL",      "SELinux label"                                       },
    { "apparmor",        0,   OPTION_STRING,   0, "PROFILE",    "AppArmor profile"                                    },
    { "no-new-privs",    0,   OPTION_FLAG,     0, NULL,         "set no_new_privs"                                    },
    { "cap",             'c', OPTION_LIST,     0, "CAP",        "add a capability"                                    },
    { "preserve-fds",    0,   OPTION_UNSIGNED, 0, "N",          "hand descriptors 3 to 2+N on to the process"         },
    { "ignore-paused",   0,   OPTION_FLAG,     0, NULL,         "wait when the container is paused"                   },
    { "cgroup",          0,   OPTION_LIST,     0, "PATH",       "cgroup below the container's, on v1 CONTROLLERS:PATH"},
};

const struct command command_exec = {
    .name = "exec",
    .operands = "ID COMMAND [ARG...]",
    .summary = "run a process in a running container",
    COMMAND_OPTIONS(options),
    .n_min = 1,
    .n_max = OPERANDS_ANY,
    .n_stop = 2,
};
