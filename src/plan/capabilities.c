// SPDX-License-Identifier: LGPL-2.1-or-later
/* The names of capabilities(7) in the order of their numbers, and config.json's five lists as masks. */
#include "plan/capabilities.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

const char *const capability_names[] = {
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
    NULL,
};

int capability_number(const char *name)
{
    for (int i = 0; capability_names[i]; i++)
        if (strcasecmp(capability_names[i], name) == 0 || strcasecmp(capability_names[i] + 4, name) == 0)
            return i;
    return -1;
}

struct set_context {
    struct planner *planner;
    const char *set; /* "bounding" */
};

static void unknown(const struct set_context *c, size_t index, const char *name)
{
    if (c->planner->input->as_runc)
        plan_warn(c->planner, "process.capabilities.%s[%zu]: unknown capability \"%s\", ignored", c->set, index, name);
    else
        plan_fail(c->planner, -EINVAL, "process.capabilities.%s[%zu]: unknown capability \"%s\"", c->set, index, name);
}

static uint64_t mask(const struct set_context *c, const char *const *names, size_t n)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < n; i++) {
        int number = capability_number(names[i]);

        if (number < 0)
            unknown(c, i, names[i]);
        else if ((uint32_t) number > c->planner->input->host->last_capability)
            plan_warn(c->planner, "process.capabilities.%s[%zu]: this kernel has no %s, ignored", c->set, i, names[i]);
        else
            bits |= (uint64_t) 1 << number;
    }
    return bits;
}

static void check_ambient(struct planner *planner, struct capability_sets *sets)
{
    uint64_t wrong = sets->ambient & ~(sets->permitted & sets->inheritable);

    for (int i = 0; capability_names[i]; i++)
        if (wrong >> i & 1)
            plan_warn(planner, "process.capabilities.ambient: %s is not both permitted and inheritable, left out",
                      capability_names[i]);
    sets->ambient &= ~wrong;
}

/* What capset(2) refuses, whoever asks. */
static void check_sets(struct planner *planner, const struct capability_sets *sets)
{
    uint64_t not_permitted = sets->effective & ~sets->permitted, unbounded = sets->inheritable & ~sets->bounding;

    for (int i = 0; capability_names[i]; i++) {
        if (not_permitted >> i & 1)
            plan_fail(planner, -EINVAL,
                      "process.capabilities.effective: %s is not in process.capabilities.permitted, and only what is "
                      "permitted can be in force",
                      capability_names[i]);
        if (unbounded >> i & 1)
            plan_fail(planner, -EINVAL,
                      "process.capabilities.inheritable: %s is not in process.capabilities.bounding, beyond which "
                      "nothing is inherited",
                      capability_names[i]);
    }
}

/* Nobody can give what he does not have; in a user namespace everybody has all. */
static void check_ours(struct planner *planner, const struct capability_sets *sets)
{
    uint64_t wanted = sets->permitted | sets->effective | sets->inheritable;
    uint64_t missing = planner->user_namespace ? 0 : wanted & ~planner->input->host->capabilities;

    for (int i = 0; capability_names[i]; i++)
        if (missing >> i & 1)
            plan_fail(planner, -EPERM, "process.capabilities: the runtime has no %s itself, so that it cannot give it",
                      capability_names[i]);
}

#define SET(field) mask(&(struct set_context){ planner, #field }, capabilities->field, capabilities->n_##field)

struct capability_sets capability_sets_decide(struct planner *planner, const struct spec_capabilities *capabilities)
{
    struct capability_sets sets = { 0 };

    if (!capabilities)
        return sets; /* no list: none is kept */
    sets.bounding = SET(bounding);
    sets.effective = SET(effective);
    sets.permitted = SET(permitted);
    sets.inheritable = SET(inheritable);
    sets.ambient = SET(ambient);
    check_ambient(planner, &sets);
    check_sets(planner, &sets);
    check_ours(planner, &sets);
    return sets;
}
