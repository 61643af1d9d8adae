// SPDX-License-Identifier: LGPL-2.1-or-later
/* linux.sysctl: only what belongs to a namespace of the container's own may be written. */
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "plan/namespace_values.h"
#include "plan/plan.h"

struct rule {
    const char *prefix; /* of the name with slashes; a whole name unless it ends in '/' */
    unsigned namespace;
    const char *namespace_name;
};

static const struct rule rules[] = {
    {"kernel/msgmax",           CLONE_NEWIPC,  "ipc"    },
    { "kernel/msgmnb",          CLONE_NEWIPC,  "ipc"    },
    { "kernel/msgmni",          CLONE_NEWIPC,  "ipc"    },
    { "kernel/msg_next_id",     CLONE_NEWIPC,  "ipc"    },
    { "kernel/sem",             CLONE_NEWIPC,  "ipc"    },
    { "kernel/sem_next_id",     CLONE_NEWIPC,  "ipc"    },
    { "kernel/shmall",          CLONE_NEWIPC,  "ipc"    },
    { "kernel/shmmax",          CLONE_NEWIPC,  "ipc"    },
    { "kernel/shmmni",          CLONE_NEWIPC,  "ipc"    },
    { "kernel/shm_next_id",     CLONE_NEWIPC,  "ipc"    },
    { "kernel/shm_rmid_forced", CLONE_NEWIPC,  "ipc"    },
    { "fs/mqueue/",             CLONE_NEWIPC,  "ipc"    },
    { "net/",                   CLONE_NEWNET,  "network"},
    { "kernel/domainname",      CLONE_NEWUTS,  "uts"    },
    { "user/",                  CLONE_NEWUSER, "user"   },
};

/* "net.ipv4.ip_forward" and "net/ipv4/conf/eth0.100/forwarding" are both written: whichever separator comes first is
 * one, and in the first form a slash stands for a dot. */
static char *file_name(struct arena *arena, const char *key)
{
    char *name = arena_strdup(arena, key);
    bool dots = name && name[strcspn(name, "./")] == '.';

    for (char *c = name; dots && *c; c++)
        *c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
    return name;
}

static bool matches(const struct rule *rule, const char *name)
{
    size_t length = strlen(rule->prefix);

    if (rule->prefix[length - 1] == '/')
        return strncmp(name, rule->prefix, length) == 0;
    return strcmp(name, rule->prefix) == 0;
}

static const struct rule *find_rule(const char *name)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (matches(&rules[i], name))
            return &rules[i];
    return NULL;
}

const char *sysctl_of_namespace(const struct spec_linux *lin, unsigned flag, struct arena *arena)
{
    for (size_t i = 0; i < lin->n_sysctl; i++) {
        const char *name = file_name(arena, lin->sysctl[i].key);
        const struct rule *rule = name ? find_rule(name) : NULL;

        if (rule && rule->namespace == flag)
            return lin->sysctl[i].key;
    }
    return NULL;
}

static bool has_dots(const char *name)
{
    return strncmp(name, "../", 3) == 0 || strstr(name, "/../") || name[0] == '/' || !*name;
}

static void check(struct planner *planner, const char *key, const char *name)
{
    unsigned all = planner->namespaces_new | planner->namespaces_joined;
    const struct rule *rule = find_rule(name);

    if (strcmp(name, "kernel/hostname") == 0)
        plan_fail(planner, -EINVAL, "linux.sysctl[\"%s\"]: the host name is set by the field hostname", key);
    else if (!rule || has_dots(name))
        plan_fail(planner, -EINVAL, "linux.sysctl[\"%s\"]: sysctl \"%s\" is not in a separate kernel namespace", key,
                  key);
    else if (!(all & rule->namespace))
        plan_fail(planner, -EINVAL, "linux.sysctl[\"%s\"]: not allowed without a %s namespace of the container's own",
                  key, rule->namespace_name);
}

void plan_sysctl(struct planner *planner)
{
    const struct spec_linux *lin = planner->input->spec->linux_;

    for (size_t i = 0; i < lin->n_sysctl; i++) {
        const struct string_pair *pair = &lin->sysctl[i];
        char *name = file_name(planner->arena, pair->key);
        struct op *op;

        if (!name)
            return;
        check(planner, pair->key, name);
        if (planner->user_namespace && strcmp(name, "kernel/domainname") == 0) {
            /* The file is the host's root's alone; the call is for whoever owns the uts namespace. */
            op = plan_add(planner, OP_DOMAINNAME, SIDE_INIT, "linux.sysctl[\"%s\"]", pair->key);
            op->domainname.name = plan_str(planner, pair->value);
            continue;
        }
        op = plan_add(planner, OP_SYSCTL, SIDE_INIT, "linux.sysctl[\"%s\"]", pair->key);
        op->sysctl.file = plan_str(planner, name);
        op->sysctl.value = plan_str(planner, pair->value);
    }
}
