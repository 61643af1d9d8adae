// SPDX-License-Identifier: LGPL-2.1-or-later
/* "linux": what the other files of this folder do not hold, and the list of those that they do. */
#include "spec/shapes.h"
#include "spec/spec.h"

/* The specification lists the first four; runtimes have always taken the recursive ones, and engines send them. */
static const struct word propagations[] = {
    { "private" }, { "shared" }, { "slave" },       { "unbindable" }, { "rprivate" },
    { "rshared" }, { "rslave" }, { "runbindable" }, { NULL },
};

static const struct field fields[] = {
    OBJECTS("namespaces", spec_linux, namespaces, &shape_namespace, .check = check_namespaces),
    OBJECTS("uidMappings", spec_linux, uid_mappings, &shape_id_map),
    OBJECTS("gidMappings", spec_linux, gid_mappings, &shape_id_map),
    OBJECTS("devices", spec_linux, devices, &shape_device, .check = check_devices),
    OBJECT_MAP("netDevices", spec_linux, net_devices, &shape_net_device),
    STRING("cgroupsPath", spec_linux, cgroups_path, .rule = &rule_control_free),
    OBJECT("resources", spec_linux, resources, &shape_resources),
    STRING("rootfsPropagation", spec_linux, rootfs_propagation, .words = propagations, .empty_is_absent = true),
    OBJECT("seccomp", spec_linux, seccomp, &shape_seccomp),
    PAIRS("sysctl", spec_linux, sysctl),
    STRINGS("maskedPaths", spec_linux, masked_paths, .rule = &rule_inner_path),
    STRINGS("readonlyPaths", spec_linux, readonly_paths, .rule = &rule_inner_path),
    STRING("mountLabel", spec_linux, mount_label),
    OBJECT("intelRdt", spec_linux, intel_rdt, &shape_intel_rdt),
    OBJECT("memoryPolicy", spec_linux, memory_policy, &shape_memory_policy),
    OBJECT("personality", spec_linux, personality, &shape_personality),
    INLINE_SAME("timeOffsets", &shape_time_offsets),
};

const struct shape shape_linux = SHAPE(spec_linux, fields);
