// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * struct host: the facts about this machine that a plan depends on. Probes fill it, each only when a spec needs its
 * answer (host_probe takes the set); golden tests read it from host.json instead. Never kernel versions: abilities.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "spec/spec.h"

enum cgroup_layout {
    CGROUP_LAYOUT_NONE,   /* nothing mounted that we could use */
    CGROUP_LAYOUT_V1,     /* v1 hierarchies only */
    CGROUP_LAYOUT_HYBRID, /* v1 hierarchies and a v2 one (below "unified") */
    CGROUP_LAYOUT_V2,     /* one v2 hierarchy */
};

/* One mounted hierarchy. v1: controllers is the comma list of its mount ("cpu,cpuacct", "name=systemd"); v2: "". */
struct cgroup_hierarchy {
    const char *mount_point; /* "/sys/fs/cgroup/memory" */
    const char *controllers; /* v1: as mounted; v2: those of its cgroup.controllers, comma separated */
    const char *own_path;    /* this process's cgroup in it, from /proc/self/cgroup, "/" at the root */
    const char *mount_root;  /* the cgroup that is mounted there: "/" outside containers, fourth field of mountinfo */
    bool v2;
    bool closed; /* no cgroup of the container can be made there: it is read-only, or not delegated to us */
};

struct host_cgroup {
    enum cgroup_layout layout;
    struct cgroup_hierarchy *hierarchies;
    size_t n_hierarchies;
};

struct host {
    uint32_t euid, egid;
    bool in_user_namespace; /* our ids are mapped: /proc/self/uid_map is not the identity over all ids */
    bool groups_denied;     /* setgroups(2) is denied in the user namespace that we are in */
    bool foreign_mounts; /* our mount namespace belongs to a user namespace outside ours: we may mount nothing in it */
    uint64_t capabilities;    /* effective set, bit N is capability N */
    uint32_t last_capability; /* highest the kernel knows */
    bool apparmor, selinux;   /* LSM enabled */
    bool clone_into_cgroup;   /* clone3 with CLONE_INTO_CGROUP (Linux 5.7) */
    bool proc_missing;        /* no /proc, or one of another pid namespace */
    bool time_namespace;      /* /proc/self/ns/time */
    bool cgroup_namespace;    /* /proc/self/ns/cgroup */
    bool bfq;                 /* weights of block devices are bfq's: there is io.bfq.weight */
    bool mqueue_missing;      /* there is no /dev/mqueue that could stand in for a refused one */
    struct id_map *subuids;
    size_t n_subuids; /* container_id unused; host_id, size from /etc/subuid */
    struct id_map *subgids;
    size_t n_subgids;
    struct id_map *own_uids; /* the maps of the user namespace that we are in, where they are not the identity: */
    size_t n_own_uids;       /* container_id is ours, host_id that of its parent */
    struct id_map *own_gids;
    size_t n_own_gids;
    const char
        *user_manager; /* the cgroup of an ordinary user's systemd, "/user.slice/.../user@1000.service", or NULL */
    const char *newuidmap, *newgidmap; /* the helpers that write an ordinary user's maps; NULL: none that would work */
    struct host_cgroup cgroup;
    const char *resctrl; /* where resctrl is mounted, or NULL */
    const char *xdg_runtime_dir;
    const char *path; /* PATH of the runtime's environment, inherited by hooks without env */
};

/* capabilities(7) on which plans depend. */
enum host_capability { HOST_CAP_SETGID = 6, HOST_CAP_SETUID = 7, HOST_CAP_SYS_ADMIN = 21, HOST_CAP_SETFCAP = 31 };

static inline bool host_may(const struct host *host, enum host_capability capability)
{
    return host->capabilities >> capability & 1;
}

/* One who can make namespaces only inside a user namespace of his own: not root, or a root that was given no
 * CAP_SYS_ADMIN (in a container, say). */
static inline bool host_is_ordinary(const struct host *host)
{
    return host->euid != 0 || !host_may(host, HOST_CAP_SYS_ADMIN);
}

/* The runtime's own cgroup in HIERARCHY, below its mount point. Pure. */
const char *cgroup_own_path(const struct cgroup_hierarchy *hierarchy);

/* Whether the runtime opens trees of mounts for a container in a user namespace, which might not reach the directories
 * that they are in. */
static inline bool host_opens_trees(const struct host *host)
{
    return !host_is_ordinary(host) && !host->foreign_mounts;
}

/* What to probe, or-ed. HOST_IDENTITY (ids, capabilities, user namespace) is always filled. */
enum host_need {
    HOST_IDENTITY = 1 << 0,
    HOST_CGROUP = 1 << 1,
    HOST_LSM = 1 << 2,
    HOST_SUBIDS = 1 << 3,
    HOST_NAMESPACES = 1 << 4,
    HOST_RESCTRL = 1 << 5,
    HOST_MQUEUE = 1 << 6,
    HOST_CGROUP_SYSTEMD = 1 << 7, /* beside v2, the v1 hierarchy "name=systemd" if it is mounted */
    HOST_BFQ = 1 << 8,
    HOST_EVERYTHING = ~0,
};

/* Whether our ids are mapped: `in_user_namespace` above. */
bool host_in_user_namespace(void);

/* The set that planning SPEC needs. Pure. */
unsigned host_needs(const struct spec *spec, bool cgroups_disabled);

/* Run the probes of NEEDS; strings go into ARENA. A fact that cannot be read is its most careful value; only what
 * nobody can work without (no memory) is an error. */
int host_probe(struct host *host, unsigned needs, struct arena *arena, struct error *err);

/* Fill in `closed` of every hierarchy, for the container's CGROUPS_PATH (NULL or "": the default), and leave out those that
 * are covered by other mounts. */
void host_probe_delegation(struct host *host, const char *cgroups_path, struct arena *arena);

/* The map NAME ("uid_map", "gid_map") of process PID in ARENA; none where it cannot be read, or is the identity. */
int host_id_map(int pid, const char *name, struct arena *arena, struct id_map **ret_maps, size_t *ret_n);

/* Whether it is a systemd of the user's own that makes our cgroups: for all but root of the initial user namespace. */
bool host_has_own_manager(void);

/* Fill in `user_manager` and the controllers that it can give. */
void host_probe_user_manager(struct host *host, struct arena *arena);

/* Read the facts from a host.json of a golden test (keys are the field names above; absent is zero). */
int host_load(struct host *host, const char *text, struct arena *arena, struct error *err);

/* One line of a /proc/PID/mountinfo (proc(5)), as far as somebody wants it. */
struct mount_entry {
    int id;
    const char *device;      /* "0:52": of the file system */
    const char *root;        /* what of it is mounted */
    const char *mount_point; /* as its process sees it */
    const char *type;
};

/* Every line of the text MOUNTINFO, in its order. Pure; -ENOMEM is the only failure. */
int mount_entries_parse(const char *mountinfo, struct arena *arena, struct mount_entry **ret_entries, size_t *ret_n);

/* /proc/self/mountinfo and /proc/self/cgroup as text → the layout; pure, so that it is tested with files. */
int host_cgroup_parse(struct host_cgroup *cgroup, const char *mountinfo, const char *self_cgroup, struct arena *arena,
                      struct error *err);

/* Append to CGROUP the v1 hierarchy NAMED ("name=systemd") of the same texts, if it is mounted; pure. */
int host_cgroup_add(struct host_cgroup *cgroup, const char *named, const char *mountinfo, const char *self_cgroup,
                    struct arena *arena);

/* The path below the mount of HIERARCHY at which a process is, by the text of its /proc/PID/cgroup; NULL when it has no
 * name there. Pure. */
const char *host_cgroup_of(const char *process_cgroup, const struct cgroup_hierarchy *hierarchy, struct arena *arena);
