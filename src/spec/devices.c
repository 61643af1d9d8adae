// SPDX-License-Identifier: LGPL-2.1-or-later
/* "linux.devices" (nodes that are made) and "linux.netDevices" (interfaces that are moved). */
#include "spec/shapes.h"
#include "spec/spec.h"

static const struct field device_fields[] = {
    STRING("path", spec_device, path, .required = true),
    LETTER("type", spec_device, type, .required = true, .letters = "cbup"),
    I64("major", spec_device, major),
    I64("minor", spec_device, minor),
    OPT_U32("fileMode", spec_device, file_mode),
    OPT_U32("uid", spec_device, uid),
    OPT_U32("gid", spec_device, gid),
};

/* Engines pass st_mode on, with the file type in it. */
static void keep_permissions(struct arena *arena, void *object)
{
    struct spec_device *device = object;

    device->file_mode.value &= 07777;
}

const struct shape shape_device = SHAPE(spec_device, device_fields, keep_permissions);

static const struct field net_device_fields[] = {
    STRING("name", spec_net_device, name, .empty_is_absent = true),
};

const struct shape shape_net_device = SHAPE(spec_net_device, net_device_fields);

_Static_assert(offsetof(struct spec_net_device, host_name) == 0, "FIELD_OBJECT_MAP puts the key first");
