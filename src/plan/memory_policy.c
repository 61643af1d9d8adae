// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * linux.memoryPolicy. set_mempolicy(2) has one "invalid argument" for everything; what does not go together is known
 * before, so that the kernel is left with one reason: nodes that it, or the container's cpuset, has not.
 */
#include <errno.h>
#include <string.h>

#include "plan/affinity.h"
#include "plan/plan.h"

enum wants_nodes { NO_NODES, MAYBE_NODES, NODES };
enum { NUMA_BALANCING = 1 << 13, RELATIVE_NODES = 1 << 14, STATIC_NODES = 1 << 15 };

struct mode {
    const char *name;
    int value;
    enum wants_nodes nodes;
    bool balances; /* may have MPOL_F_NUMA_BALANCING */
};

static const struct mode modes[] = {
    {"MPOL_DEFAULT",              0, NO_NODES,    false},
    { "MPOL_PREFERRED",           1, MAYBE_NODES, false},
    { "MPOL_BIND",                2, NODES,       true },
    { "MPOL_INTERLEAVE",          3, NODES,       false},
    { "MPOL_LOCAL",               4, NO_NODES,    false},
    { "MPOL_PREFERRED_MANY",      5, NODES,       true },
    { "MPOL_WEIGHTED_INTERLEAVE", 6, NODES,       false},
};

static const struct {
    const char *name;
    int value;
} flags[] = {
    {"MPOL_F_NUMA_BALANCING",  NUMA_BALANCING},
    { "MPOL_F_RELATIVE_NODES", RELATIVE_NODES},
    { "MPOL_F_STATIC_NODES",   STATIC_NODES  },
};

static const struct mode *find_mode(const char *name)
{
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (strcmp(modes[i].name, name) == 0)
            return &modes[i];
    return NULL;
}

static int flags_of(const struct spec_memory_policy *policy)
{
    int value = 0;

    for (size_t i = 0; i < policy->n_flags; i++)
        for (size_t k = 0; k < sizeof flags / sizeof flags[0]; k++)
            value |= strcmp(flags[k].name, policy->flags[i]) == 0 ? flags[k].value : 0;
    return value;
}

static void check(struct planner *planner, const struct mode *mode, bool nodes, int set)
{
    bool numbers = set & (STATIC_NODES | RELATIVE_NODES);

    if (mode->nodes == NODES && !nodes)
        plan_fail(planner, -EINVAL, "linux.memoryPolicy.nodes: missing, %s needs at least one", mode->name);
    if (mode->nodes == NO_NODES && nodes)
        plan_fail(planner, -EINVAL, "linux.memoryPolicy.nodes: %s takes none", mode->name);
    if ((set & STATIC_NODES) && (set & RELATIVE_NODES))
        plan_fail(planner, -EINVAL,
                  "linux.memoryPolicy.flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
    else if (numbers && !nodes && mode->nodes != NODES && strcmp(mode->name, "MPOL_DEFAULT") != 0)
        plan_fail(planner, -EINVAL,
                  "linux.memoryPolicy.flags: %s without nodes takes neither MPOL_F_STATIC_NODES nor "
                  "MPOL_F_RELATIVE_NODES",
                  mode->name);
    if ((set & NUMA_BALANCING) && !mode->balances)
        plan_fail(planner, -EINVAL,
                  "linux.memoryPolicy.flags: MPOL_F_NUMA_BALANCING is for MPOL_BIND and "
                  "MPOL_PREFERRED_MANY, not for %s",
                  mode->name);
}

void plan_memory_policy(struct planner *planner)
{
    const struct spec_memory_policy *policy = planner->input->spec->linux_->memory_policy;
    bool nodes = policy && policy->nodes && *policy->nodes;
    const struct mode *mode = policy && policy->mode ? find_mode(policy->mode) : NULL;
    struct op *op;

    if (!mode) {
        if (policy && (nodes || policy->n_flags))
            plan_fail(planner, -EINVAL, "linux.memoryPolicy.mode: missing, while nodes or flags are given");
        return;
    }
    check(planner, mode, nodes, flags_of(policy));
    op = plan_add(planner, OP_MEMORY_POLICY, SIDE_INIT, "linux.memoryPolicy");
    op->memory_policy.mode = mode->value | flags_of(policy);
    if (nodes)
        op->memory_policy.nodes = plan_number_list(planner, policy->nodes, MEMORY_NODE_MAX, "linux.memoryPolicy.nodes");
}
