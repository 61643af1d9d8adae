// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which facts a spec needs, and the probes that find them. A probe costs system calls on the hot path of every start,
 * so nothing is probed because it might be interesting.
 */
#include "host/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/probes.h"

static const struct spec_namespace *find_namespace(const struct spec *spec, enum namespace_kind kind)
{
    const struct spec_linux *linux_ = spec->linux_;

    for (size_t i = 0; i < linux_->n_namespaces; i++)
        if (linux_->namespaces[i].type == kind)
            return &linux_->namespaces[i];
    return NULL;
}

static bool has_labels(const struct spec *spec)
{
    const struct spec_process *process = spec->process;

    return spec->linux_->mount_label || (process && (process->apparmor_profile || process->selinux_label));
}

/* A new user namespace without mappings gets a default one, for which an ordinary user's come from his subids. */
static bool wants_default_mappings(const struct spec *spec)
{
    const struct spec_namespace *user = find_namespace(spec, NAMESPACE_USER);

    return user && !user->path && spec->linux_->n_uid_mappings == 0;
}

/* A mount of type cgroup shows the hierarchies of the host, also to a container without a cgroup of its own. */
static bool mounts_cgroup(const struct spec *spec)
{
    for (size_t i = 0; i < spec->n_mounts; i++)
        if (spec->mounts[i].type && strncmp(spec->mounts[i].type, "cgroup", 6) == 0)
            return true;
    return false;
}

/* An mqueue of somebody else's ipc namespace may be refused, and the host's be wanted in its place. */
static bool mounts_foreign_mqueue(const struct spec *spec)
{
    const struct spec_namespace *ipc = find_namespace(spec, NAMESPACE_IPC);

    for (size_t i = 0; i < spec->n_mounts && !(ipc && !ipc->path); i++)
        if (spec->mounts[i].type && strcmp(spec->mounts[i].type, "mqueue") == 0)
            return true;
    return false;
}

unsigned host_needs(const struct spec *spec, bool cgroups_disabled)
{
    unsigned needs = HOST_IDENTITY;

    if (!cgroups_disabled || mounts_cgroup(spec))
        needs |= HOST_CGROUP;
    if (has_labels(spec))
        needs |= HOST_LSM;
    if (wants_default_mappings(spec))
        needs |= HOST_SUBIDS;
    if (find_namespace(spec, NAMESPACE_TIME) || find_namespace(spec, NAMESPACE_CGROUP))
        needs |= HOST_NAMESPACES;
    if (mounts_foreign_mqueue(spec))
        needs |= HOST_MQUEUE;
    if (!cgroups_disabled && spec->linux_->resources && spec->linux_->resources->block_io)
        needs |= HOST_BFQ;
    if (spec->linux_->intel_rdt)
        needs |= HOST_RESCTRL;
    if (!cgroups_disabled && spec_annotation(spec, SPEC_FORCE_CGROUP_V1))
        needs |= HOST_CGROUP_SYSTEMD;
    return needs;
}

/* A copy of environment variable NAME, NULL if it is not set; sets *FAILED when memory is out. */
static const char *environment(const char *name, struct arena *arena, bool *failed)
{
    const char *value = getenv(name), *copy = value ? arena_strdup(arena, value) : NULL;

    *failed |= value && !copy;
    return copy;
}

int host_probe(struct host *host, unsigned needs, struct arena *arena, struct error *err)
{
    bool failed = false;
    int r;

    *host = (struct host){ 0 };
    host_probe_identity(host);
    if (host_is_ordinary(host) || host->in_user_namespace)
        needs |= HOST_SUBIDS; /* a user namespace will be made by itself; of ours, which ids there are */
    host->path = environment("PATH", arena, &failed);
    host->xdg_runtime_dir = environment("XDG_RUNTIME_DIR", arena, &failed);
    if (failed)
        return error_errno(err, -ENOMEM, "cannot remember the environment");
    if (needs & HOST_LSM)
        host_probe_lsm(host);
    if (needs & HOST_NAMESPACES)
        host_probe_namespaces(host);
    host->bfq = needs & HOST_BFQ && host_probe_bfq();
    host->mqueue_missing = needs & HOST_MQUEUE && access("/dev/mqueue", F_OK) < 0;
    if (needs & HOST_RESCTRL && (r = host_probe_resctrl(host, arena, err)) < 0)
        return r;
    if (needs & HOST_SUBIDS && (r = host_probe_subids(host, arena, err)) < 0)
        return r;
    if (needs & HOST_CGROUP && (r = host_probe_cgroup(host, arena, err)) < 0)
        return r;
    return needs & HOST_CGROUP_SYSTEMD ? host_probe_cgroup_systemd(host, arena, err) : 0;
}
