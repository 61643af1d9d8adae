// SPDX-License-Identifier: LGPL-2.1-or-later
/* A new file system that is mounted nowhere yet. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* A file system of TYPE from SOURCE with OPTIONS ("key" or "key=value", NULL-terminated), as the descriptor of its tree. */
int file_system_make(const char *type, const char *source, char *const *options, struct error *err);

/* Whether the kernel has file systems of TYPE; where nobody can be asked it has. It may load a module, as a mount would. */
bool file_system_known(const char *type);
/* Whether one of TYPE takes OPTION: it is parsed, and nothing is made. What cannot be asked is taken. */
int file_system_takes(const char *type, const char *option, struct error *err);
