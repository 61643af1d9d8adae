// SPDX-License-Identifier: LGPL-2.1-or-later
/* "linux.timeOffsets": what a new time namespace adds to two clocks, time_namespaces(7). */
#include "spec/shapes.h"
#include "spec/spec.h"

#define SECONDS_MAX 9223372036 /* the kernel counts nanoseconds in 64 bits */

static const struct field offset_fields[] = {
    I64("secs", spec_time_offset, secs, .minimum = -SECONDS_MAX, .maximum = SECONDS_MAX),
    U32("nanosecs", spec_time_offset, nanosecs, .maximum = 999999999),
};

static const struct shape shape_time_offset = SHAPE(spec_time_offset, offset_fields);

static const struct field fields[] = {
    INLINE("boottime", spec_linux, boottime, &shape_time_offset, .present = offsetof(struct spec_linux, boottime.set)),
    INLINE("monotonic", spec_linux, monotonic, &shape_time_offset,
           .present = offsetof(struct spec_linux, monotonic.set)),
};

const struct shape shape_time_offsets =
    SHAPE(spec_linux, fields, .closed = "no clock of a time namespace (expected \"boottime\" or \"monotonic\")");
