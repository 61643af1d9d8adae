// SPDX-License-Identifier: LGPL-2.1-or-later
/* The systemd scope of a container, with --cgroup-manager systemd. Part of plan/cgroup.c. */
#pragma once

#include "plan/cgroup_work.h"
#include "plan/plan.h"
#include "plan/unit_properties.h"

/* Fill plan.scope and plan.cgroups: where systemd is going to put it. */
void plan_scope_decide(struct planner *planner);

/* SCOPE_START, with the properties for what WORK (one a hierarchy) writes to files, without those of LATE_FIELD. */
void plan_scope_start(struct planner *planner, const struct hierarchy_work *work, const char *late_field);

/* SCOPE_SET of what ROW says. */
void plan_scope_set(struct planner *planner, const struct resource_row *row);

/* DevicePolicy and DeviceAllow, unless the manager is a user's own. */
void plan_scope_devices(struct planner *planner, const struct spec_resources *resources,
                        struct unit_properties *properties);

/* Whether init cannot be moved by us, but only by the user's systemd: then SCOPE_ATTACH. */
bool plan_scope_attaches(const struct planner *planner);
void plan_scope_attach(struct planner *planner);

/* SCOPE_RELEASE: init is in the scope, which needs nobody else to hold it. */
void plan_scope_release(struct planner *planner);

/* The name of the cgroup below the scope's in which the container is (`run.oci.systemd.subgroup`), or NULL. */
const char *plan_scope_subgroup(const struct planner *planner);

/* For a user's own systemd: in a container's own user namespace we are root, but not of the host. */
bool plan_scope_of_user(const struct host *host);
