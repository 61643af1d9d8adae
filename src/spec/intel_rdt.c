// SPDX-License-Identifier: LGPL-2.1-or-later
/* "linux.intelRdt": a class of service of resctrl. */
#include "spec/shapes.h"
#include "spec/spec.h"

static const struct field fields[] = {
    STRING("closID", spec_intel_rdt, clos_id),
    STRINGS("schemata", spec_intel_rdt, schemata),
    STRING("l3CacheSchema", spec_intel_rdt, l3_cache_schema),
    STRING("memBwSchema", spec_intel_rdt, mem_bw_schema, .rule = &rule_mem_bw_schema, .empty_is_absent = true),
    BOOL("enableMonitoring", spec_intel_rdt, enable_monitoring),
};

const struct shape shape_intel_rdt = SHAPE(spec_intel_rdt, fields);
