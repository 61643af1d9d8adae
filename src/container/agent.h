// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who gets the listener of a seccomp filter: the agent at a socket, or a plugin that we start. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "seccomp/seccomp.h"
#include "spec/spec.h"

#define AGENT_PLUGIN_FIELD "annotations[\"run.oci.seccomp.plugins\"]"

struct agent {
    const char *path;  /* of the socket, absolute; NULL: the plugin has it, or nobody */
    const char *field; /* that names it */
};

/* The program of SPEC's annotation, or NULL. */
const char *agent_plugin(const struct spec *spec);

/* Whom FILTER's listener goes to: one that cannot have it is an error, none where there is a listener too. IDLE_PLUGIN
 * (may be NULL) gets a warning about a plugin that has nothing to do. */
int agent_find(const struct spec *spec, const struct seccomp_filter *filter, struct agent *ret_agent,
               const char **ret_idle_plugin, struct error *err);
