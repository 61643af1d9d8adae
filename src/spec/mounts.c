// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * "mounts". A relative destination is accepted, as the specification of 1.0 did; it counts from "/". Options are
 * strings here: what they mean is the planner's.
 */
#include "spec/shapes.h"
#include "spec/spec.h"

static const struct field fields[] = {
    STRING("destination", spec_mount, destination, .required = true, .rule = &rule_some_path),
    STRING("type", spec_mount, type),
    STRING("source", spec_mount, source),
    STRINGS("options", spec_mount, options),
    OBJECTS("uidMappings", spec_mount, uid_mappings, &shape_id_map),
    OBJECTS("gidMappings", spec_mount, gid_mappings, &shape_id_map),
};

const struct shape shape_mount = SHAPE(spec_mount, fields);
