// SPDX-License-Identifier: LGPL-2.1-or-later
/* A namespace that config.json names by a path. Whatever is asked of it is asked of the descriptor that is entered later,
 * so that nobody can put another file there in between. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "spec/spec.h"

/* Open PATH, which must be a namespace of KIND. It does not wait for anybody: a FIFO, say, is refused as what it is. The
 * error does not repeat PATH, unless nothing is there. */
int namespace_file_open(const char *path, enum namespace_kind kind, int *ret_fd, struct error *err);

/* Whether FD is the namespace of KIND in which this process is. Also true if that cannot be found out: who asks wants
 * to keep what is ours from being changed. */
bool namespace_file_is_own(int fd, enum namespace_kind kind);
/* What is said then, of the kind's name and of the field that would change it. */
#define NAMESPACE_FILE_IS_OWN "it is the runtime's own %s namespace, which %s would change"
