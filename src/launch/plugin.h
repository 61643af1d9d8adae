// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A seccomp plugin (annotation run.oci.seccomp.plugins): a program of the host that answers for the life of a filter's
 * listener. docs/decisions/0111-seccomp-plugins.md describes what it gets.
 */
#pragma once

#include "base/error.h"

/* Whether PATH, as the annotation has it, may be executed as a plugin. */
int plugin_check(const char *path, struct error *err);

/* Execute PATH for container ID: LISTENER_FD is its descriptor 3, DOCUMENT its standard input. It is nobody's child who
 * would have to wait for it. */
int plugin_start(const char *path, const char *id, const char *document, int listener_fd, struct error *err);
