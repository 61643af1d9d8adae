// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * linux.resources as properties of a systemd unit (org.freedesktop.systemd1(5)). systemd writes the files of the
 * container's cgroup again whenever it likes, a daemon-reload is enough: what is a property stays in force then. They are
 * made of the rows that are written to the files, so that both say the same, at a start and on update, and for keys
 * of `unified` too. What no property can say is in the files alone, which systemd then leaves alone.
 */
#pragma once

#include "base/arena.h"
#include "plan/device_rules.h"
#include "plan/resources.h"

/* "Name=value", the value as GVariant text (plan/gvariant.h). */
struct unit_properties {
    struct arena *arena; /* what does not fit in marks it as failed */
    const char **list;
    size_t n, capacity;
    /* CPU time, which v1 has in two files; what is in force may stand here beforehand. Microseconds, -1: no limit. */
    struct opt_i64 cpu_quota, cpu_period;
    bool cpu_changed;
    bool new_unit;        /* at the start: some properties cannot be changed */
    bool bfq;             /* the kernel has io.bfq.weight */
    bool substitute_next; /* the next row is the substitute of the last one */
};

void unit_property(struct unit_properties *properties, const char *format, ...) _printf_(2, 3);

/* Those of one row; none if it has no property. */
void unit_property_of_row(struct unit_properties *properties, const struct resource_row *row);

/* After the last row: what was gathered of several ones. */
void unit_properties_finish(struct unit_properties *properties);

/* DevicePolicy and DeviceAllow. systemd has a list of what is allowed and no exceptions to it: it may be wider than the
 * rules, never narrower, and the cgroup's own rules or program make the difference. */
void unit_device_properties(struct unit_properties *properties, const struct device_rules *rules);
