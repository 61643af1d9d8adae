// SPDX-License-Identifier: LGPL-2.1-or-later
/* What checkpoint and restore have in common: options, directories, and the names by which the two find each other's
 * external things: mounts, standard streams, namespaces. */
#pragma once

#include "base/arena.h"
#include "container/context.h"
#include "criu/request.h"
#include "criu/session.h"
#include "host/host.h"
#include "spec/spec.h"

/* One call of CRIU: what is asked, and the session. */
struct criu_call {
    struct crun_context *context;
    const struct crun_checkpoint_options *options;
    const struct spec *spec;
    const char *bundle;  /* absolute; relative sources are from there */
    struct arena *arena; /* for everything below */
    struct criu_request request;
    struct criu criu;
    int image_fd, work_fd; /* of criu.fds, which the call owns; -1: not open */
    const char *image_path, *work_path;
    /* Cgroup file systems are mounted anew: in a cgroup namespace, which must belong to the user namespace. Ours belongs
     * to the host's. Otherwise the container's directory is bound. */
    bool cgroups_anew;
};

/* Fill in what the options say and open the directories; MAKE them where they are missing. */
int criu_call_prepare(struct criu_call *call, enum criu_work work, struct error *err);
/* Let criu inherit FD, which is closed with the call (also on failure). */
int criu_call_own(struct criu_call *call, int fd, struct error *err);
/* Encode the request and send it. */
int criu_call_send(struct criu_call *call, struct error *err);
void criu_call_done(struct criu_call *call);

/* criu_mounts.c: what is mounted in the container from outside is named in the images by its place in config.json. For a
 * dump: everything in process PID's mount namespace that CRIU could not make anew. */
int criu_mounts_dump(struct criu_call *call, int pid, struct error *err);
/* For a restore: where each of these comes from now. STATE: of the new container. */
int criu_mounts_restore(struct criu_call *call, const struct state *state, struct error *err);

/* criu_mountinfo.c: the mounts in the namespace of process PID, in its order. */
int criu_mountinfo(int pid, struct arena *arena, struct mount_entry **ret_entries, size_t *ret_n, struct error *err);
/* The number, as mountinfo has it, of the mount that descriptor FD of PID lies on; -1: unknown. */
int criu_mount_of(int pid, int fd);

bool criu_is_bind(const struct spec_mount *mount);
/* DESTINATION without doubled and last slashes, from the root, as the kernel would spell it; in ARENA. */
const char *criu_destination(struct arena *arena, const char *destination);
/* Absolute; NULL: it has none. */
const char *criu_source(const struct criu_call *call, const struct spec_mount *mount);

/* criu_mount_points.c: make what is missing of them in the root file system at ROOT. */
int criu_mount_points(struct criu_call *call, const char *root, struct error *err);

/* criu_streams.c: standard streams that come from outside are written to descriptors.json beside the images (as runc
 * does), and are the caller's own when they are restored. CGROUP: the container's, or NULL. */
int criu_streams_dump(struct criu_call *call, int pid, const struct cgroup_dir *cgroup, struct error *err);
int criu_streams_restore(struct criu_call *call, struct error *err);

/* Whether the container has a namespace of KIND of its own, and not somebody else's or the host's. */
bool criu_has_namespace(const struct criu_call *call, enum namespace_kind kind);
/* criu_namespaces.c: those that config.json joins by a path. */
int criu_namespaces_dump(struct criu_call *call, int pid, struct error *err);
int criu_namespaces_restore(struct criu_call *call, struct error *err);
