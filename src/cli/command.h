// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A command as data: its words in help, its options, how many operands it takes, and the function that does it. One
 * file a command; commands.c lists them.
 */
#pragma once

#include "cli/options.h"
#include "cli/program.h"

struct command {
    const char *name;
    const char *operands;    /* as help shows them: "ID [SIGNAL]" */
    const char *summary;     /* one line, lower case */
    const char *description; /* further lines for help, NULL: none */
    const struct option *options;
    size_t n_options;
    size_t n_min, n_max; /* operands */
    size_t n_stop;       /* operands after which words are not options any more; 0: never */
    size_t values_size;  /* of the structure that the options fill */
    bool hidden;         /* not listed in help */
    /* The exit status, or a negative errno and one line in ERR. NULL: this version has not got it. */
    int (*run)(struct program *program, struct crun_error *err);
};

/* Room for the values of any command. */
#define COMMAND_VALUES_MAX 256

/* Set .options and .n_options of a table in scope, and .values_size of the structure that it fills. */
#define COMMAND_OPTIONS(table) .options = (table), .n_options = sizeof(table) / sizeof((table)[0])
#define COMMAND_VALUES(type)   .values_size = sizeof(type) + 0 * sizeof(char[sizeof(type) <= COMMAND_VALUES_MAX ? 1 : -1])

#define OPERANDS_ANY ((size_t) -1)

extern const struct command command_check, command_checkpoint, command_create, command_delete, command_events,
    command_exec, command_features, command_help, command_kill, command_list, command_mounts, command_pause,
    command_plan, command_ps, command_restore, command_resume, command_run, command_spec, command_start, command_state,
    command_update, command_version;

/* All of them, in the order of help; ends with NULL. */
extern const struct command *const commands[];

const struct command *command_find(const char *name);
