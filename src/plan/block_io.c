// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * linux.resources.blockIO. Which file takes a weight depends on the kernel's I/O schedulers: the first one that is
 * there gets it, the ones after it are its substitutes. Throttles have one file each on v1, one key each of io.max
 * on v2.
 */
#include "plan/resources.h"

#include <inttypes.h>

#include "plan/ops.h"

#define FIELD(name) "linux.resources.blockIO." name

static const struct {
    const char *field, *file, *key;
} throttles[N_THROTTLE_KINDS] = {
    [THROTTLE_READ_BPS] = {FIELD("throttleReadBpsDevice"),    "blkio.throttle.read_bps_device",   "rbps" },
    [THROTTLE_WRITE_BPS] = { FIELD("throttleWriteBpsDevice"),  "blkio.throttle.write_bps_device",  "wbps" },
    [THROTTLE_READ_IOPS] = { FIELD("throttleReadIOPSDevice"),  "blkio.throttle.read_iops_device",  "riops"},
    [THROTTLE_WRITE_IOPS] = { FIELD("throttleWriteIOPSDevice"), "blkio.throttle.write_iops_device", "wiops"},
};

static bool asked(struct opt_u32 weight)
{
    return weight.set && weight.value != 0;
}

/* 10 to 1000 of the specification onto 1 to 10000 of io.weight. */
static uint32_t io_weight(uint32_t weight)
{
    if (weight < 10)
        weight = 10;
    return (uint32_t) (1 + ((uint64_t) weight - 10) * 9999 / 990);
}

static const char *device_field(struct resource_rows *rows, const char *array, size_t i)
{
    return resource_text(rows, "%s[%zu]", array, i);
}

static void weight_devices_v1(struct resource_rows *rows, const struct spec_block_io *io)
{
    for (size_t i = 0; i < io->n_weight_devices; i++) {
        const struct spec_weight_device *device = &io->weight_devices[i];
        const char *field = device_field(rows, FIELD("weightDevice"), i);

        if (asked(device->weight)) {
            resource_row(rows, field, "blkio.weight_device", CGROUP_WRITE_OR_NEXT, "%" PRId64 ":%" PRId64 " %" PRIu32,
                         device->major, device->minor, device->weight.value);
            resource_row(rows, field, "blkio.bfq.weight_device", 0, "%" PRId64 ":%" PRId64 " %" PRIu32, device->major,
                         device->minor, device->weight.value);
        }
        if (asked(device->leaf_weight))
            resource_row(rows, field, "blkio.leaf_weight_device", 0, "%" PRId64 ":%" PRId64 " %" PRIu32, device->major,
                         device->minor, device->leaf_weight.value);
    }
}

static void throttles_v1(struct resource_rows *rows, const struct spec_block_io *io)
{
    for (int kind = 0; kind < N_THROTTLE_KINDS; kind++)
        for (size_t i = 0; i < io->throttle[kind].n_devices; i++) {
            const struct spec_throttle_device *device = &io->throttle[kind].devices[i];

            resource_row(rows, device_field(rows, throttles[kind].field, i), throttles[kind].file, 0,
                         "%" PRId64 ":%" PRId64 " %" PRIu64, device->major, device->minor, device->rate);
        }
}

void block_io_rows_v1(struct resource_rows *rows, const struct spec_resources *resources)
{
    const struct spec_block_io *io = resources->block_io;

    if (!io)
        return;
    if (asked(io->weight)) {
        resource_row(rows, FIELD("weight"), "blkio.weight", CGROUP_WRITE_OR_NEXT, "%" PRIu32, io->weight.value);
        resource_row(rows, FIELD("weight"), "blkio.bfq.weight", 0, "%" PRIu32, io->weight.value);
    }
    if (asked(io->leaf_weight))
        resource_row(rows, FIELD("leafWeight"), "blkio.leaf_weight", 0, "%" PRIu32, io->leaf_weight.value);
    weight_devices_v1(rows, io);
    throttles_v1(rows, io);
}

static void weight_devices_v2(struct resource_rows *rows, const struct spec_block_io *io)
{
    for (size_t i = 0; i < io->n_weight_devices; i++) {
        const struct spec_weight_device *device = &io->weight_devices[i];
        const char *field = device_field(rows, FIELD("weightDevice"), i);

        if (asked(device->leaf_weight))
            resource_no_counterpart(rows, field, "io", "v2");
        if (!asked(device->weight))
            continue;
        resource_row(rows, field, "io.bfq.weight", CGROUP_WRITE_OR_NEXT, "%" PRId64 ":%" PRId64 " %" PRIu32,
                     device->major, device->minor, device->weight.value);
        resource_row(rows, field, "io.weight", 0, "%" PRId64 ":%" PRId64 " %" PRIu32, device->major, device->minor,
                     io_weight(device->weight.value));
    }
}

/* A rate of 0 lifts the limit on v1; v2 spells that "max". */
static const char *rate_text(struct resource_rows *rows, uint64_t rate)
{
    return rate ? resource_text(rows, "%" PRIu64, rate) : "max";
}

static void throttles_v2(struct resource_rows *rows, const struct spec_block_io *io)
{
    for (int kind = 0; kind < N_THROTTLE_KINDS; kind++)
        for (size_t i = 0; i < io->throttle[kind].n_devices; i++) {
            const struct spec_throttle_device *device = &io->throttle[kind].devices[i];

            resource_row(rows, device_field(rows, throttles[kind].field, i), "io.max", 0,
                         "%" PRId64 ":%" PRId64 " %s=%s", device->major, device->minor, throttles[kind].key,
                         rate_text(rows, device->rate));
        }
}

void block_io_rows_v2(struct resource_rows *rows, const struct spec_resources *resources)
{
    const struct spec_block_io *io = resources->block_io;

    if (!io)
        return;
    if (asked(io->weight)) {
        resource_row(rows, FIELD("weight"), "io.bfq.weight", CGROUP_WRITE_OR_NEXT, "%" PRIu32, io->weight.value);
        resource_row(rows, FIELD("weight"), "io.weight", 0, "%" PRIu32, io_weight(io->weight.value));
    }
    if (asked(io->leaf_weight))
        resource_no_counterpart(rows, FIELD("leafWeight"), "io", "v2");
    weight_devices_v2(rows, io);
    throttles_v2(rows, io);
}
