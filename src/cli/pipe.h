// SPDX-License-Identifier: GPL-2.0-or-later
/* Running another program for what it prints. */
#pragma once

#include "crun.h"

/* Run ARGV (its name looked up in PATH) and collect what it prints; *RET_TEXT is malloc'd. A program that cannot be run
 * or does not succeed is an error, which holds the first line that it printed. */
int pipe_read_program(char **argv, char **ret_text, struct crun_error *err);
