// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the configuration wants of each cgroup hierarchy, before it becomes rows of a plan. Part of plan/cgroup.c. */
#pragma once

#include "plan/device_rules.h"
#include "plan/plan.h"
#include "plan/resources.h"

#define CGROUP_NOT_FOUND (-1)

/* What is to be written into one hierarchy. */
struct hierarchy_work {
    struct resource_rows rows;
    const char *enable; /* v2: controllers that rows need, "memory pids" */
    bool asked;         /* the configuration wants something of it */
    const struct bpf_code *program;
    size_t n_program;
    bool program_optional;
};

/* Whether NAME is one of LIST, separated by commas or blanks. */
bool cgroup_list_has(const char *list, const char *name);

/* The index in plan.cgroups of the first v1 (or V2) hierarchy with CONTROLLER (NULL: any). */
int cgroup_find(const struct planner *planner, bool v2, const char *controller);

/* The same for a controller of the table: v1 if mounted there, v2 otherwise. */
int cgroup_find_controller(const struct planner *planner, enum resource_controller_index index);

/* The same without device rules: what linux.resources asks for, and nothing by default. */
struct hierarchy_work *cgroup_work_limits(struct planner *planner, struct error *err);

/* The work of every hierarchy of plan.cgroups; problems go to plan_fail. NULL without memory. */
struct hierarchy_work *cgroup_work(struct planner *planner, struct error *err);

/* Without cgroups: a warning for each controller of which linux.resources asks something. */
void cgroup_warn_disabled(struct planner *planner);
