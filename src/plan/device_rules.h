// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * linux.resources.devices as a short list of rules with one meaning: nothing is allowed; rules apply in order, and for
 * each of read, write and mknod the last rule that covers the device decides. The rules that every container gets
 * (the standard devices, and making the nodes of linux.devices) come after those of the configuration.
 *
 * The list is turned into devices.allow and devices.deny lines for v1, or into an eBPF program for v2.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "plan/resources.h"
#include "spec/spec.h"

/* Numbered as BPF_DEVCG_DEV_* and BPF_DEVCG_ACC_* of <linux/bpf.h>. */
enum device_type { DEVICE_BLOCK = 1, DEVICE_CHAR = 2, DEVICE_ANY = 3 };
enum device_access { ACCESS_MKNOD = 1, ACCESS_READ = 2, ACCESS_WRITE = 4, ACCESS_ALL = 7 };

#define DEVICE_EVERY (-1) /* any major or minor number */

struct device_rule {
    bool allow;
    uint8_t types;  /* enum device_type, or-ed */
    uint8_t access; /* enum device_access, or-ed; never 0 */
    int32_t major, minor;
    size_t origin; /* index in linux.resources.devices; of a default rule: the number of those */
};

struct device_rules {
    struct device_rule *rules;
    size_t n;
};

/* The rules of RESOURCES, those for the nodes of NODES (each may be NULL) and the default ones, without those that have no
 * effect. */
int device_rules_make(const struct spec_resources *resources, const struct spec_linux *nodes, struct arena *arena,
                      struct device_rules *ret_rules, struct error *err);

/* Whether the rules allow everything. */
bool device_rules_allow_all(const struct device_rules *rules);

/* The rule that is the first exception to "everything"; NULL: none, or the rules do not allow everything before. */
const struct device_rule *device_rules_exception(const struct device_rules *rules);

/* The rules as rows for devices.allow and devices.deny of a fresh v1 cgroup. Exceptions to a wider rule of the other
 * kind cannot be expressed there, which is an error. */
void device_rules_v1(const struct device_rules *rules, struct resource_rows *rows);

/* How a v1 cgroup gets other rules. */
struct device_changes {
    struct resource_rows rows;       /* devices.allow and devices.deny, in this order */
    struct resource_rows undo;       /* undo[i] takes rows[i] back, when later ones were taken back before */
    struct resource_rows undo_first; /* for rows[0] it is these */
    bool gap; /* in between neither the old nor the new rules are in force: the processes must stand still */
};

/* From LIST, the text of devices.list, to RULES. */
int device_rules_change_v1(const struct device_rules *rules, const char *list, struct arena *arena,
                           struct device_changes *ret, struct error *err);

/* One instruction of eBPF, struct bpf_insn of <linux/bpf.h>, which not every libc's headers come with. */
struct bpf_code {
    uint8_t code;
    uint8_t registers; /* destination in the low, source in the high four bits (bit-fields: reversed on big endian) */
    int16_t offset;
    int32_t immediate;
};

/* The rules as a program of type BPF_PROG_TYPE_CGROUP_DEVICE. */
int devices_bpf(const struct device_rules *rules, struct arena *arena, const struct bpf_code **ret_program,
                size_t *ret_n, struct error *err);
