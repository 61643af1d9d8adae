// SPDX-License-Identifier: LGPL-2.1-or-later
/* The process object of an `exec`. */
#pragma once

#include "base/arena.h"
#include "container/context.h"
#include "spec/spec.h"

/* What OPTIONS ask for, over --process FILE or else over the process of the container's SPEC; what neither says is the
 * container's. Everything lives in ARENA (or in OPTIONS). */
int exec_process(struct crun_context *context, const struct spec *spec, const struct crun_exec_options *options,
                 struct arena *arena, struct spec_process *ret, struct error *err);
