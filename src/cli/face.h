// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two faces: called as `runc` (a link that a distribution or an engine's configuration puts in place) the program keeps
 * runc's conventions where the two differ, called as anything else crun's. This is the whole list of what differs on
 * the command line; what differs inside a container is the library's, which is told `as_runc`.
 */
#pragma once

#include <stdbool.h>

struct program;
struct command;

struct face {
    const char *name;       /* in the version line and in help */
    bool as_runc;           /* for the library: log text, state root, inner conventions */
    bool help_for_nothing;  /* called without a command: help and success; otherwise an error */
    bool bare_errors;       /* an error that goes to a log is repeated on standard error without time and level */
    int exec_failure;       /* exit status of an exec that fails before its process runs; 0: 127, 126 or 1 */
    const char *no_command; /* format of the error for an unknown command */
    void (*program_help)(const struct program *program);
    void (*command_help)(const struct program *program, const struct command *command);
};

/* The face for how the program was called. */
const struct face *face_find(const char *called);
