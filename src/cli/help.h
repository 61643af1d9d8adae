// SPDX-License-Identifier: GPL-2.0-or-later
/* Help, generated from the option tables, in the two forms that users of the two runtimes know. */
#pragma once

struct program;
struct command;

/* GNU form: "Usage: crun …", options as "  -b, --bundle=DIR". */
void help_gnu_program(const struct program *program);
void help_gnu_command(const struct program *program, const struct command *command);

/* NAME:, USAGE:, OPTIONS: sections. */
void help_sections_program(const struct program *program);
void help_sections_command(const struct program *program, const struct command *command);

/* One line of all options; COMMAND NULL: the program's. */
void help_usage(const struct program *program, const struct command *command);

/* The version block. */
void help_version(const struct program *program);
