// SPDX-License-Identifier: LGPL-2.1-or-later
/* "linux.namespaces": each kind at most once, new or joined by an absolute path. */
#include <linux/sched.h>
#include <stdio.h>

#include "spec/problem.h"
#include "spec/shapes.h"
#include "spec/spec.h"

/* The order is the enum's. */
/* clang-format off */
static const struct word kinds[] = {
    { "mount",   NAMESPACE_MOUNT },
    { "pid",     NAMESPACE_PID },
    { "network", NAMESPACE_NETWORK },
    { "uts",     NAMESPACE_UTS },
    { "ipc",     NAMESPACE_IPC },
    { "user",    NAMESPACE_USER },
    { "cgroup",  NAMESPACE_CGROUP },
    { "time",    NAMESPACE_TIME },
    { NULL },
};

static const struct field fields[] = {
    { "type", FIELD_ENUM, offsetof(struct spec_namespace, type), .required = true, .words = kinds },
    /* Engines in Go write "" for a new one. */
    STRING("path", spec_namespace, path, .rule = &rule_absolute_path, .empty_is_absent = true),
};
/* clang-format on */

_Static_assert(sizeof(enum namespace_kind) == sizeof(uint32_t), "FIELD_ENUM writes 32 bits");

const struct shape shape_namespace = SHAPE(spec_namespace, fields);

void check_namespaces(struct decoder *decoder, const struct json_path *path, const void *object)
{
    const struct spec_linux *linux_ = object;
    size_t first[N_NAMESPACE_KINDS] = { 0 }; /* index + 1 */

    for (size_t i = 0; i < linux_->n_namespaces; i++) {
        enum namespace_kind kind = linux_->namespaces[i].type;
        struct json_path item = { .parent = path, .index = i };
        struct json_path type = { .parent = &item, .name = "type", .key = "type" };

        if (first[kind])
            problem(decoder, &type, "duplicate of linux.namespaces[%zu], \"%s\"", first[kind] - 1,
                    namespace_kind_name(kind));
        else
            first[kind] = i + 1;
    }
}

const char *namespace_kind_name(enum namespace_kind kind)
{
    return kinds[kind].name;
}

unsigned namespace_kind_flag(enum namespace_kind kind)
{
    static const unsigned flags[N_NAMESPACE_KINDS] = {
        [NAMESPACE_MOUNT] = CLONE_NEWNS,      [NAMESPACE_PID] = CLONE_NEWPID,   [NAMESPACE_NETWORK] = CLONE_NEWNET,
        [NAMESPACE_UTS] = CLONE_NEWUTS,       [NAMESPACE_IPC] = CLONE_NEWIPC,   [NAMESPACE_USER] = CLONE_NEWUSER,
        [NAMESPACE_CGROUP] = CLONE_NEWCGROUP, [NAMESPACE_TIME] = CLONE_NEWTIME,
    };

    return flags[kind];
}
