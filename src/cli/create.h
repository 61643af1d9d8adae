// SPDX-License-Identifier: GPL-2.0-or-later
/* The options that `create`, `run` and `plan` have in common, as rows for their tables. */
#pragma once

#include <stddef.h>

#include "cli/options.h"

#define CREATE_AT(member) offsetof(struct crun_create_options, member)

/* clang-format off */
#define CREATE_OPTIONS_BUNDLE                                                                                      \
    { "bundle", 'b', OPTION_STRING, CREATE_AT(bundle), "DIR", "the bundle (default: the current directory)" },     \
    { "config", 'f', OPTION_STRING, CREATE_AT(config), "FILE", "configuration (default: config.json of the bundle)" }

#define CREATE_OPTIONS_LAUNCH                                                                                      \
    { "console-socket", 0, OPTION_STRING, CREATE_AT(console_socket), "PATH", "unix socket that gets the terminal" }, \
    { "pid-file", 0, OPTION_STRING, CREATE_AT(pid_file), "FILE", "write the process id to FILE" },                 \
    { "pidfd-socket", 0, OPTION_STRING, CREATE_AT(pidfd_socket), "PATH", "unix socket that gets the process's pidfd" }, \
    { "no-pivot", 0, OPTION_FLAG, CREATE_AT(no_pivot), NULL, "do not use pivot_root" },                            \
    { "no-new-keyring", 0, OPTION_FLAG, CREATE_AT(no_new_keyring), NULL, "keep the caller's session keyring" },    \
    { "preserve-fds", 0, OPTION_UNSIGNED, CREATE_AT(preserve_fds), "N", "hand descriptors 3 to 2+N on to the container" }, \
    { "handler", 0, OPTION_STRING, CREATE_AT(handler), "NAME", "run by a handler, as annotation run.oci.handler" }, \
    { "timeline", 0, OPTION_STRING, CREATE_AT(timeline), "FILE", "write the times of all operations (-: as text to standard error)" }
/* clang-format on */
