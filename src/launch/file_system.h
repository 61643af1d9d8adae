// SPDX-License-Identifier: LGPL-2.1-or-later
/* A new file system that is mounted nowhere yet. */
#pragma once

#include "base/error.h"

/* A file system of TYPE from SOURCE with OPTIONS ("key" or "key=value", NULL-terminated), as the descriptor of its tree. */
int file_system_make(const char *type, const char *source, char *const *options, struct error *err);
