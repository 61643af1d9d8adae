// SPDX-License-Identifier: LGPL-2.1-or-later
/* What config.json changes in a namespace. One that is joined by a path may turn out to be the host's, where nothing of a
 * container may be changed. */
#pragma once

#include "base/arena.h"
#include "spec/spec.h"

/* The first field of SPEC that changes something in its namespace of KIND, 'linux.sysctl["net.x"]' or 'hostname "x"', in
 * ARENA; NULL: none does. Pure. */
const char *namespace_value(const struct spec *spec, enum namespace_kind kind, struct arena *arena);

/* The first key of linux.sysctl that belongs to namespaces of the type FLAG (CLONE_NEW*), or NULL. */
const char *sysctl_of_namespace(const struct spec_linux *lin, unsigned flag, struct arena *arena);
