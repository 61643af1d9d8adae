// SPDX-License-Identifier: LGPL-2.1-or-later
/* One row a number: where v1 and where v2 keep it. "max", and what v1 shows for "no limit", become -1. */
#include "container/limits.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "cgroup/cgroup.h"

#define V1_UNLIMITED (INT64_MAX - (1 << 20)) /* v1 rounds LLONG_MAX down to pages */

struct number {
    const char *controller;
    bool v2;
    const char *file;
    unsigned word; /* which of the file */
    size_t offset;
};

#define FACT(name) offsetof(struct update_facts, name)

static const struct number numbers[] = {
    {"memory",  false, "memory.limit_in_bytes",       0, FACT(memory_limit)},
    { "memory", false, "memory.memsw.limit_in_bytes", 0, FACT(memory_swap) },
    { "memory", false, "memory.usage_in_bytes",       0, FACT(memory_usage)},
    { "memory", true,  "memory.max",                  0, FACT(memory_limit)},
    { "memory", true,  "memory.swap.max",             0, FACT(memory_swap) },
    { "memory", true,  "memory.current",              0, FACT(memory_usage)},
    { "memory", true,  "memory.swap.current",         0, FACT(swap_usage)  },
    { "cpu",    false, "cpu.cfs_quota_us",            0, FACT(cpu_quota)   },
    { "cpu",    false, "cpu.cfs_period_us",           0, FACT(cpu_period)  },
    { "cpu",    false, "cpu.cfs_burst_us",            0, FACT(cpu_burst)   },
    { "cpu",    false, "cpu.idle",                    0, FACT(cpu_idle)    },
    { "cpu",    false, "cpu.shares",                  0, FACT(cpu_weight)  },
    { "cpu",    true,  "cpu.idle",                    0, FACT(cpu_idle)    },
    { "cpu",    true,  "cpu.weight",                  0, FACT(cpu_weight)  },
    { "cpu",    true,  "cpu.max",                     0, FACT(cpu_quota)   },
    { "cpu",    true,  "cpu.max",                     1, FACT(cpu_period)  },
    { "cpu",    true,  "cpu.max.burst",               0, FACT(cpu_burst)   },
};

const struct cgroup_dir *container_controller(const struct container *container, const char *name, bool v2)
{
    for (size_t i = 0; i < container->state.n_cgroups; i++) {
        const struct cgroup_dir *dir = &container->state.cgroups[i];

        if (dir->v2 == v2 && dir->controllers && cgroup_list_names(dir->controllers, name))
            return dir;
    }
    return NULL;
}

static struct opt_i64 parse_word(const char *text, unsigned word)
{
    struct opt_i64 value = { 0 };
    char *end;

    while (word-- > 0) {
        text += strcspn(text, " \n");
        text += strspn(text, " ");
    }
    if (strncmp(text, "max", 3) == 0)
        return (struct opt_i64){ true, -1 };
    value.value = strtoll(text, &end, 10);
    value.set = end > text;
    if (value.value < 0 || value.value > V1_UNLIMITED)
        value.value = -1;
    return value;
}

static void read_number(const struct container *container, const struct number *number, struct update_facts *facts)
{
    const struct cgroup_dir *dir = container_controller(container, number->controller, number->v2);
    struct opt_i64 *fact = (struct opt_i64 *) ((char *) facts + number->offset);
    _cleanup_free_ char *text = NULL;

    if (!fact->set && dir && cgroup_read(dir, number->file, &text) >= 0)
        *fact = parse_word(text, number->word);
}

void container_limits(struct container *container, struct update_facts *ret)
{
    const struct cgroup_dir *devices = container_controller(container, "devices", false);
    _cleanup_free_ char *text = NULL;

    *ret = (struct update_facts){ 0 };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        read_number(container, &numbers[i], ret);
    if (devices && cgroup_read(devices, "devices.list", &text) >= 0)
        ret->devices = arena_strdup(&container->arena, text);
}
