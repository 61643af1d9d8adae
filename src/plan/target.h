// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the planner knows of a container that exists, for `exec` and `mounts` to enter it. Found by container/target.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/cgroup_dir.h"
#include "spec/spec.h"

/* A mount that `mounts add` has made in the container. */
struct plan_added_mount {
    const char *destination; /* absolute, without "//", "." and ".." */
    uint64_t id;             /* the kernel's number of it; 0: unknown */
};

struct plan_target {
    int pid;             /* its first process, in our pid namespace */
    unsigned namespaces; /* CLONE_NEW* of the namespaces in which it is not where we are */
    bool no_pidfds;      /* a sandbox blocks pidfd_open(2) */
    bool groups_denied;  /* setgroups(2) is denied in its user namespace */
    struct id_map *uids; /* the maps of that, where they are known; host_id is ours */
    size_t n_uids;
    struct id_map *gids;
    size_t n_gids;
    bool frozen;
    const struct cgroup_dir *cgroups; /* the container's own, by hierarchy, as its state has them */
    const char *const *now;           /* where its first process is in each of these, below the mount; NULL: unknown */
    size_t n_cgroups;
    const char *scope;         /* systemd's name for them, or NULL */
    const char *const *wishes; /* --cgroup: "PATH" or "CONTROLLER[,CONTROLLER]:PATH", PATH below the container's own */
    size_t n_wishes;
    const struct plan_added_mount *added; /* mounts remove: what was added, the oldest first */
    size_t n_added;
};
