// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Namespaces that config.json names by a path are somebody else's. The network and the process ids stay out of the
 * images, by names that runc uses too, and the restore brings its own; into the others the restored processes go.
 * Those that the container shares with the host, CRIU sees by itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "container/criu.h"

/* By enum namespace_kind: how CRIU calls it. */
static const struct {
    const char *file;     /* in /proc/PID/ns, and for --external */
    const char *external; /* name in the images; NULL: it cannot be external */
    const char *join;     /* for --join-ns; NULL: cannot be joined */
} kinds[N_NAMESPACE_KINDS] = {
    [NAMESPACE_MOUNT] = {"mnt",     NULL,           NULL  },
    [NAMESPACE_PID] = { "pid",    "extRootPidNS", NULL  },
    [NAMESPACE_NETWORK] = { "net",    "extRootNetNS", NULL  },
    [NAMESPACE_UTS] = { "uts",    NULL,           "uts" },
    [NAMESPACE_IPC] = { "ipc",    NULL,           "ipc" },
    [NAMESPACE_USER] = { "user",   NULL,           "user"},
    [NAMESPACE_CGROUP] = { "cgroup", NULL,           NULL  },
    [NAMESPACE_TIME] = { "time",   NULL,           "time"},
};

static const struct spec_namespace *next_joined(const struct criu_call *call, size_t *i)
{
    const struct spec_linux *linux_ = call->spec->linux_;

    while (*i < linux_->n_namespaces) {
        const struct spec_namespace *namespace = &linux_->namespaces[(*i)++];

        if (namespace->path && *namespace->path)
            return namespace;
    }
    return NULL;
}

bool criu_has_namespace(const struct criu_call *call, enum namespace_kind kind)
{
    const struct spec_linux *linux_ = call->spec->linux_;

    for (size_t i = 0; i < linux_->n_namespaces; i++)
        if (linux_->namespaces[i].type == kind)
            return !linux_->namespaces[i].path || !*linux_->namespaces[i].path;
    return false;
}

int criu_namespaces_dump(struct criu_call *call, int pid, struct error *err)
{
    const struct spec_namespace *namespace;

    for (size_t i = 0; (namespace = next_joined(call, &i));) {
        const char *file = kinds[namespace->type].file, *external = kinds[namespace->type].external;
        char path[64];
        struct stat st;

        if (!external)
            continue;
        snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, file);
        if (stat(path, &st) < 0)
            return error_errno(err, -errno, "the %s namespace of the container's process", file);
        criu_add_external(&call->request, call->arena, file,
                          arena_printf(call->arena, "%llu", (unsigned long long) st.st_ino), external);
    }
    return 0;
}

static int bring(struct criu_call *call, const struct spec_namespace *namespace, struct error *err)
{
    int fd = open(namespace->path, O_RDONLY | O_CLOEXEC);
    int r;

    if (fd < 0)
        return error_errno(err, -errno, "linux.namespaces: %s: \"%s\"", namespace_kind_name(namespace->type),
                           namespace->path);
    r = criu_call_own(call, fd, err);
    if (r >= 0)
        criu_add_inherited(&call->request, call->arena, kinds[namespace->type].external, fd);
    return r;
}

int criu_namespaces_restore(struct criu_call *call, struct error *err)
{
    const struct spec_namespace *namespace;
    struct criu_request *request = &call->request;
    int r = 0;

    for (size_t i = 0; r >= 0 && (namespace = next_joined(call, &i));) {
        if (kinds[namespace->type].external)
            r = bring(call, namespace, err);
        else if (kinds[namespace->type].join)
            criu_add_pair(&request->join_namespaces, &request->n_join_namespaces, call->arena,
                          kinds[namespace->type].join, namespace->path);
        else
            r = error_set(err, -ENOTSUP,
                          "linux.namespaces: %s: \"%s\": CRIU cannot restore into this kind of namespace",
                          namespace_kind_name(namespace->type), namespace->path);
    }
    return r;
}
