// SPDX-License-Identifier: LGPL-2.1-or-later
/* "linux.memoryPolicy": the arguments of set_mempolicy(2). */
#include "spec/shapes.h"
#include "spec/spec.h"

static const struct word modes[] = {
    { "MPOL_DEFAULT" },   { "MPOL_BIND" },           { "MPOL_INTERLEAVE" }, { "MPOL_WEIGHTED_INTERLEAVE" },
    { "MPOL_PREFERRED" }, { "MPOL_PREFERRED_MANY" }, { "MPOL_LOCAL" },      { NULL },
};

static const struct word flags[] = {
    { "MPOL_F_NUMA_BALANCING" },
    { "MPOL_F_RELATIVE_NODES" },
    { "MPOL_F_STATIC_NODES" },
    { NULL },
};

static const struct field fields[] = {
    STRING("mode", spec_memory_policy, mode, .words = modes),
    STRING("nodes", spec_memory_policy, nodes),
    STRINGS("flags", spec_memory_policy, flags, .words = flags),
};

const struct shape shape_memory_policy = SHAPE(spec_memory_policy, fields);
