// SPDX-License-Identifier: LGPL-2.1-or-later
/* NOTIFY_SOCKET of the caller, for the container. */
#pragma once

#include "container/context.h"
#include "spec/spec.h"

/* Where the caller has NOTIFY_SOCKET: change *SPEC (in ARENA) so that the directory of the proxy's socket is mounted and
 * the variable names it, and set *RET_NAME to the name of the socket; otherwise leave both alone. */
int notify_prepare(struct crun_context *context, const char *id, struct arena *arena, const struct spec **spec,
                   const char **ret_name, struct error *err);

/* The name of the socket in its directory. */
const char *notify_name(const struct crun_context *context);
