// SPDX-License-Identifier: LGPL-2.1-or-later
/* "linux.resources.blockIO": weights and throttles, for all devices and for single ones. */
#include "spec/shapes.h"
#include "spec/spec.h"

static const struct field weight_fields[] = {
    I64("major", spec_weight_device, major, .required = true, .maximum = DEVICE_MAJOR_MAX),
    I64("minor", spec_weight_device, minor, .required = true, .maximum = DEVICE_MINOR_MAX),
    WEIGHT("weight", spec_weight_device, weight),
    WEIGHT("leafWeight", spec_weight_device, leaf_weight),
};

static const struct shape shape_weight_device = SHAPE(spec_weight_device, weight_fields);

static const struct field throttle_fields[] = {
    I64("major", spec_throttle_device, major, .required = true, .maximum = DEVICE_MAJOR_MAX),
    I64("minor", spec_throttle_device, minor, .required = true, .maximum = DEVICE_MINOR_MAX),
    U64("rate", spec_throttle_device, rate),
};

static const struct shape shape_throttle_device = SHAPE(spec_throttle_device, throttle_fields);

#define THROTTLE(name, kind)                                                                                           \
    {                                                                                                                  \
        name, FIELD_OBJECTS, offsetof(struct spec_block_io, throttle[kind].devices),                                   \
            offsetof(struct spec_block_io, throttle[kind].n_devices), .shape = &shape_throttle_device                  \
    }

static const struct field fields[] = {
    WEIGHT("weight", spec_block_io, weight),
    WEIGHT("leafWeight", spec_block_io, leaf_weight),
    OBJECTS("weightDevice", spec_block_io, weight_devices, &shape_weight_device),
    THROTTLE("throttleReadBpsDevice", THROTTLE_READ_BPS),
    THROTTLE("throttleWriteBpsDevice", THROTTLE_WRITE_BPS),
    THROTTLE("throttleReadIOPSDevice", THROTTLE_READ_IOPS),
    THROTTLE("throttleWriteIOPSDevice", THROTTLE_WRITE_IOPS),
};

const struct shape shape_block_io = SHAPE(spec_block_io, fields);
