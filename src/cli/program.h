// SPDX-License-Identifier: GPL-2.0-or-later
/* One call of the program: the face it wears, the global options, the library's context, and the command's words. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cli/face.h"
#include "cli/options.h"

struct global_options {
    const char *root, *log, *log_format, *criu;
    int log_level, cgroup_manager, rootless;
    bool debug, systemd_cgroup;
};

struct program {
    const struct face *face;
    const char *called; /* the last part of argv[0] */
    struct global_options options;
    struct crun_context *context; /* NULL before program_open */
    const void *values;           /* what the command's options filled */
    char **operands;              /* NULL-terminated */
    size_t n_operands;
    int failure; /* the exit status if the command fails */
};

/* The global options, for the parser and for help. */
extern const struct option global_options[];
extern const size_t n_global_options;

/* --help and --version, which every command has. */
struct common_options {
    bool help, usage, version;
};

extern const struct option common_options[];
extern const size_t n_common_options;

void program_init(struct program *program, const char *called);
void program_done(struct program *program);

/* Make the library's context from the global options. */
int program_open(struct program *program, struct crun_error *err);

/* Report ERR, one line: to the log, and on standard error if that is another place. Returns the exit status. */
int program_fail(struct program *program, const struct crun_error *err);
