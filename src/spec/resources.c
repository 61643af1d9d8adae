// SPDX-License-Identifier: LGPL-2.1-or-later
/* "linux.resources", which is also the document of `update --resources`: what is absent stays as it is. */
#include "spec/shapes.h"
#include "spec/spec.h"

static const struct field rule_fields[] = {
    BOOL("allow", spec_device_rule, allow, .required = true),
    LETTER("type", spec_device_rule, type, .letters = "abc", .empty_is_absent = true),
    OPT_I64("major", spec_device_rule, major),
    OPT_I64("minor", spec_device_rule, minor),
    STRING("access", spec_device_rule, access, .rule = &rule_device_access),
};

static void default_to_all(struct arena *arena, void *object)
{
    struct spec_device_rule *rule = object;

    if (!rule->type)
        rule->type = 'a';
}

static const struct shape shape_device_rule = SHAPE(spec_device_rule, rule_fields, default_to_all);

static const struct field memory_fields[] = {
    LIMIT("limit", spec_memory, limit),
    LIMIT("reservation", spec_memory, reservation),
    LIMIT("swap", spec_memory, swap),
    LIMIT("kernel", spec_memory, kernel),
    LIMIT("kernelTCP", spec_memory, kernel_tcp),
    OPT_U64("swappiness", spec_memory, swappiness, .maximum = 100),
    OPT_BOOL("disableOOMKiller", spec_memory, disable_oom_killer),
    OPT_BOOL("useHierarchy", spec_memory, use_hierarchy),
    OPT_BOOL("checkBeforeUpdate", spec_memory, check_before_update),
};

static const struct shape shape_memory = SHAPE(spec_memory, memory_fields);

static const struct field cpu_fields[] = {
    OPT_U64("shares", spec_cpu, shares),
    LIMIT("quota", spec_cpu, quota),
    OPT_U64("burst", spec_cpu, burst),
    OPT_U64("period", spec_cpu, period),
    LIMIT("realtimeRuntime", spec_cpu, realtime_runtime),
    OPT_U64("realtimePeriod", spec_cpu, realtime_period),
    STRING("cpus", spec_cpu, cpus),
    STRING("mems", spec_cpu, mems),
    OPT_I64("idle", spec_cpu, idle, .maximum = 1),
};

static const struct shape shape_cpu = SHAPE(spec_cpu, cpu_fields);

static const struct field pids_fields[] = {
    OPT_I64("limit", spec_resources, pids_limit, .required = true),
};

static const struct shape shape_pids = SHAPE(spec_resources, pids_fields);

static const struct field hugepage_fields[] = {
    STRING("pageSize", spec_hugepage_limit, page_size, .required = true, .rule = &rule_page_size),
    U64("limit", spec_hugepage_limit, limit, .required = true),
};

static const struct shape shape_hugepage_limit = SHAPE(spec_hugepage_limit, hugepage_fields);

static const struct field priority_fields[] = {
    STRING("name", spec_interface_priority, name, .required = true),
    U32("priority", spec_interface_priority, priority, .required = true),
};

static const struct shape shape_interface_priority = SHAPE(spec_interface_priority, priority_fields);

static const struct field network_fields[] = {
    OPT_U32("classID", spec_network, class_id),
    OBJECTS("priorities", spec_network, priorities, &shape_interface_priority),
};

static const struct shape shape_network = SHAPE(spec_network, network_fields);

static const struct field rdma_fields[] = {
    OPT_U32("hcaHandles", spec_rdma, hca_handles),
    OPT_U32("hcaObjects", spec_rdma, hca_objects),
};

static const struct shape shape_rdma = SHAPE(spec_rdma, rdma_fields);

_Static_assert(offsetof(struct spec_rdma, device) == 0, "FIELD_OBJECT_MAP puts the key first");

static const struct field fields[] = {
    OBJECTS("devices", spec_resources, devices, &shape_device_rule),
    OBJECT("memory", spec_resources, memory, &shape_memory),
    OBJECT("cpu", spec_resources, cpu, &shape_cpu),
    INLINE_SAME("pids", &shape_pids),
    OBJECT("blockIO", spec_resources, block_io, &shape_block_io),
    OBJECTS("hugepageLimits", spec_resources, hugepage_limits, &shape_hugepage_limit),
    OBJECT("network", spec_resources, network, &shape_network),
    OBJECT_MAP("rdma", spec_resources, rdma, &shape_rdma),
    PAIRS("unified", spec_resources, unified),
};

const struct shape shape_resources = SHAPE(spec_resources, fields);
