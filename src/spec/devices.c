// SPDX-License-Identifier: LGPL-2.1-or-later
/* "linux.devices" (nodes that are made) and "linux.netDevices" (interfaces that are moved). */
#include <inttypes.h>
#include <sys/stat.h>

#include "spec/problem.h"
#include "spec/shapes.h"
#include "spec/spec.h"

static const struct field device_fields[] = {
    STRING("path", spec_device, path, .required = true, .rule = &rule_node_path),
    LETTER("type", spec_device, type, .required = true, .letters = "cbup"),
    OPT_I64("major", spec_device, major),
    OPT_I64("minor", spec_device, minor),
    OPT_U32("fileMode", spec_device, file_mode, .maximum = S_IFMT | 07777),
    OPT_U32("uid", spec_device, uid, .maximum = UINT32_MAX - 1), /* chown(2): the last number is "unchanged" */
    OPT_U32("gid", spec_device, gid, .maximum = UINT32_MAX - 1),
};

/* Engines pass st_mode on, with the file type in it. */
static void keep_permissions(struct arena *arena, void *object)
{
    struct spec_device *device = object;

    device->file_mode.value &= 07777;
}

const struct shape shape_device = SHAPE(spec_device, device_fields, keep_permissions);

/* The kernel would make another device of more. -1 is for cgroup rules only. */
static const struct device_number {
    const char *name;
    size_t offset;
    int64_t maximum;
} device_numbers[] = {
    {"major",  offsetof(struct spec_device, major), DEVICE_MAJOR_MAX},
    { "minor", offsetof(struct spec_device, minor), DEVICE_MINOR_MAX},
};

static void check_device(struct decoder *decoder, const struct json_path *path, const struct spec_device *device)
{
    for (size_t i = 0; i < sizeof device_numbers / sizeof device_numbers[0]; i++) {
        const struct device_number *number = &device_numbers[i];
        struct json_path member = { .parent = path, .name = number->name, .key = number->name };
        struct opt_i64 value = *(const struct opt_i64 *) ((const char *) device + number->offset);

        if (!value.set)
            problem(decoder, &member, "required for a device of type %c, but missing", device->type);
        else if (value.value < 0 || value.value > number->maximum)
            problem(decoder, &member, "expected an integer from 0 to %" PRId64 ", found %" PRId64, number->maximum,
                    value.value);
    }
}

void check_devices(struct decoder *decoder, const struct json_path *path, const void *object)
{
    const struct spec_linux *linux_ = object;

    for (size_t i = 0; i < linux_->n_devices; i++) {
        struct json_path item = { .parent = path, .index = i };

        if (linux_->devices[i].type != 'p')
            check_device(decoder, &item, &linux_->devices[i]);
    }
}

static const struct field net_device_fields[] = {
    STRING("name", spec_net_device, name, .empty_is_absent = true),
};

const struct shape shape_net_device = SHAPE(spec_net_device, net_device_fields);

_Static_assert(offsetof(struct spec_net_device, host_name) == 0, "FIELD_OBJECT_MAP puts the key first");
