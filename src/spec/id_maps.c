// SPDX-License-Identifier: LGPL-2.1-or-later
/* Elements of "uidMappings" and "gidMappings", of user namespaces and of idmapped mounts. */
#include "spec/shapes.h"
#include "spec/spec.h"

static const struct field fields[] = {
    U32("containerID", id_map, container_id, .required = true),
    U32("hostID", id_map, host_id, .required = true),
    U32("size", id_map, size, .required = true),
};

const struct shape shape_id_map = SHAPE(id_map, fields);
