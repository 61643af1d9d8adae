// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The planner: a pure function from spec and host facts to a list of operations. No system call, no file, no clock.
 * It is sticky: the first problem is remembered in planner->err and reported once by plan_create. A planner file may
 * therefore go on after plan_fail as if nothing had happened, and must: with plan_input.report all problems are wanted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "host/cgroup_dir.h"
#include "host/host.h"
#include "plan/blob.h"
#include "plan/ops.h"
#include "plan/target.h"
#include "spec/spec.h"

enum cgroup_manager { CGROUP_MANAGER_CGROUPFS, CGROUP_MANAGER_SYSTEMD, CGROUP_MANAGER_DISABLED };

/* Everything the planner may look at. */
struct plan_input {
    const struct spec *spec;
    const struct host *host;
    const char *id;
    const char *bundle;   /* absolute */
    const char *pid_file; /* absolute, or NULL */
    enum cgroup_manager manager;
    bool as_runc; /* the conventions of runc where the faces differ */
    bool no_pivot, no_new_keyring;
    bool timeline;                    /* init is to write the times of its rows */
    bool wait_start;                  /* create: stop before exec until `start` comes */
    bool foreground_terminal;         /* a terminal that we relay, not one for --console-socket */
    const char *pidfd_socket;         /* gets a pidfd of the process, or NULL */
    const char *pidfd_field;          /* which says so; NULL: the option --pidfd-socket */
    const char *notify_name;          /* of the socket of the sd_notify(3) proxy, or NULL */
    unsigned preserve_fds;            /* from 3 on */
    unsigned listen_fds;              /* how many of them are sockets for sd_listen_fds(3) */
    const char *listen_names;         /* LISTEN_FDNAMES, or NULL */
    const struct plan_target *target; /* plan_exec: the container that is entered */
    const void *seccomp_program;      /* struct sock_filter[], compiled from spec->linux_->seccomp; NULL: none */
    size_t seccomp_size;              /* bytes */
    unsigned seccomp_flags;
    uint32_t seccomp_arch; /* AUDIT_ARCH_* that it sees crun-init's calls with; 0: unknown */
    /* NULL: the first problem ends the work. Otherwise it is called for each, and planning goes on (`crun check`). */
    void (*report)(void *userdata, const struct error *problem);
    void *userdata;
};

/* A finished plan: the blob as crun-init gets it (in a mapping of its own, contiguous), and what the parent keeps. */
struct plan {
    struct arena memory; /* holds the blob and nothing else */
    struct blob *blob;
    struct cgroup_dir *cgroups; /* where the container's cgroups are, for the state; one a hierarchy */
    size_t n_cgroups;
    const char *scope;                   /* systemd's name for them, "crun-x.scope", or NULL */
    const char *rdt_class, *rdt_monitor; /* groups of resctrl that end with the container, or NULL */
    const char **warnings;
    size_t n_warnings;
    const char **notes; /* what was decided otherwise than the document says, and why: for `crun plan` and debug logs */
    size_t n_notes;
    int64_t memory_limit; /* as it was asked for; INT64_MAX: none, 0: not looked at (exec) */
    bool small_memory;    /* the memory limit may not even bear the start of the process */
    unsigned clone_flags; /* CLONE_NEW* of the container's own namespaces */
};

/* The plan of `create` (and `run`). Side data lives in ARENA; release with plan_done. */
int plan_create(const struct plan_input *input, struct arena *arena, struct plan *ret_plan, struct error *err);
/* The plan of `exec`: input->spec is the container's with the new process in the place of its own. */
int plan_exec(const struct plan_input *input, struct arena *arena, struct plan *ret_plan, struct error *err);
/* The plan of `restore`: what a create does around its process, whose place CRIU's work takes. */
int plan_restore(const struct plan_input *input, struct arena *arena, struct plan *ret_plan, struct error *err);
/* The plan of `mounts add`, whose input->spec is the container's with the new mounts in the place of its own, and of
 * `mounts remove`, of which only their destinations count. */
int plan_mounts_add(const struct plan_input *input, struct arena *arena, struct plan *ret_plan, struct error *err);
int plan_mounts_remove(const struct plan_input *input, struct arena *arena, struct plan *ret_plan, struct error *err);
void plan_done(struct plan *plan);

/* The plan in words, one line a row, as `crun plan` prints it; malloc'd. */
int plan_print(const struct plan *plan, char **ret_text, struct error *err);

/* "cgroup_make" */
const char *plan_row_name(const struct op *row);

/* ---- for the planner's own files: building ---- */

/* One map of a new user namespace; none: there is no new one. */
struct planner_map {
    const struct id_map *maps;
    size_t n;
    const char *helper; /* the program that writes it, or NULL: we do */
};

struct planner {
    const struct plan_input *input;
    struct arena *arena; /* for what is not part of the blob */
    struct plan plan;
    uint32_t ops_capacity;
    struct op scratch;          /* what plan_add returns after a failure */
    const char *scope_slice;    /* where systemd is to make plan.scope */
    unsigned namespaces_new;    /* CLONE_NEW* flags of new namespaces */
    unsigned namespaces_joined; /* CLONE_NEW* flags of namespaces joined by path */
    const char *rdt_class;      /* group of resctrl that init joins, or NULL */
    const char *root_path;      /* absolute */
    op_slot root_tree;
    unsigned n_mount_slots;           /* trees of mounts that the parent opens */
    op_slot *mount_trees;             /* slot of the tree of mounts[i], where the parent opens sources; or NULL */
    op_slot hook_output, hook_errors; /* files for the hooks that init runs */
    op_slot namespace_slots[N_NAMESPACE_KINDS]; /* of the joined ones that init enters */
    bool user_namespace;                        /* the container's user namespace is not ours */
    struct planner_map uids, gids;
    bool groups_denied;        /* setgroups(2) is denied in the container's user namespace */
    bool groups_may_be_denied; /* only init finds out, once it is in there */
    bool groups_cleared;       /* before the user namespace was entered */
    op_slot report, go;        /* exec: the pipes of a process that may be traced from its first moment; or SLOT_NONE */
    struct op_capabilities sets; /* of the container's process, with nothing kept for rows that are still to come */
    bool filtered_early;         /* exec: the seccomp filter is installed before that process is born */
    struct error *err;
    bool failed; /* rows go nowhere any more */
    size_t n_problems;
};

/* Make a plan of the rows that ROWS appends. */
int plan_build(const struct plan_input *input, void (*rows)(struct planner *planner), struct arena *arena,
               struct plan *ret_plan, struct error *err);

/* What every plan of a new container begins with: what the others go by is decided, and its state directory, cgroups and
 * resctrl groups are made. */
void plan_begin(struct planner *planner);

/* Append a row; SIDE as in enum op_side. WHAT (printf) is the thing in the user's words. The result is valid until the
 * next append and never NULL (after a failure it is a scratch row). */
struct op *plan_add(struct planner *planner, enum op_kind kind, enum op_side side, const char *what, ...)
    _printf_(4, 5);

op_str plan_str(struct planner *planner, const char *text); /* NULL gives none */
op_str plan_strf(struct planner *planner, const char *format, ...) _printf_(2, 3);
struct op_list plan_list(struct planner *planner, const char *const *strings, size_t n);
struct op_bytes plan_bytes(struct planner *planner, const void *bytes, size_t size);

/* A problem, the first is kept: config path first, hint at the end. */
void plan_fail(struct planner *planner, int code, const char *format, ...) _printf_(3, 4);
void plan_warn(struct planner *planner, const char *format, ...) _printf_(2, 3);
void plan_note(struct planner *planner, const char *format, ...) _printf_(2, 3);
/* A field that comes to nothing and does no harm by it: a warning for who validates, a note for who launches. */
void plan_unused(struct planner *planner, const char *format, ...) _printf_(2, 3);

op_slot plan_slot(struct planner *planner); /* a fresh descriptor slot */

#define CGROUP_MASK_LIMIT 60 /* hierarchies in the bit set of CGROUP_JOIN */

/* One planner function a noun; each appends the rows of its noun. */
void plan_cgroup_decide(struct planner *planner);   /* fills plan.cgroups; no rows */
void plan_cgroup_make(struct planner *planner);     /* CGROUP_MAKE, CGROUP_WRITE, CGROUP_DEVICES: before the clone */
void plan_cgroup_join(struct planner *planner);     /* CGROUP_JOIN of what clone did not do: right after it */
void plan_cgroup_restore(struct planner *planner);  /* restore: CGROUP_JOIN of CRIU, which was born in none */
void plan_cgroup_restored(struct planner *planner); /* restore: what is written once the processes are there */
void plan_cgroup_leave(struct planner *planner);    /* after the cgroup namespace: CGROUP_LEAVE with its sync rows */
void plan_cgroup_late(struct planner *planner);     /* what must wait until set-up is over (small memory limits) */
int plan_cgroup_clone_hierarchy(const struct planner *planner); /* v2 hierarchy for CLONE_INTO_CGROUP, or -1 */
/* target.c: for a container that exists */
void plan_target_decide(struct planner *planner);  /* namespaces_joined, user_namespace, uids, gids, groups_denied */
op_slot plan_target_find(struct planner *planner); /* TARGET: before the clone */
/* SETNS, BECOME_ROOT; REFORK if the process itself is to be in the pid namespace */
void plan_target_enter(struct planner *planner, op_slot slot, bool be_born_inside);
/* REFORK into the pid namespace that was joined, with PIPES where those slots are not SLOT_NONE */
void plan_refork(struct planner *planner, unsigned flags, const char *what);

void plan_cgroup_find(struct planner *planner);                /* exec: fills plan.cgroups; CGROUP_FIND */
int plan_cgroup_exec_hierarchy(const struct planner *planner); /* exec: v2 hierarchy for CLONE_INTO_CGROUP, or -1 */
void plan_cgroup_enter(struct planner *planner, int born_in);  /* exec: CGROUP_JOIN of all but BORN_IN */

void plan_namespaces_decide(struct planner *planner); /* fills namespaces_new, namespaces_joined; checks */
void plan_id_maps_decide(struct planner *planner);    /* fills uids, gids, groups_denied */
void plan_id_maps(struct planner *planner);           /* ID_MAP, SETGROUPS_DENY */
/* What the kernel takes of no list of ranges; FIELD is "mounts[0].uidMappings" (NULL: out of memory). */
void plan_id_ranges_check(struct planner *planner, const char *field, const struct id_map *maps, size_t n);
void plan_id_maps_joined(struct planner *planner); /* JOINED_MAP with its sync row, if there are any */
bool plan_id_is_mapped(const struct planner_map *map, uint32_t id);
/* Fail if ID has no mapping: "WHAT" "ID is not mapped ..." "HINT". */
#define PLAN_HINT_UIDS " (see linux.uidMappings, or /etc/subuid for an ordinary user)"
#define PLAN_HINT_GIDS " (see linux.gidMappings, or /etc/subgid for an ordinary user)"
void plan_check_uid(struct planner *planner, const char *what, uint32_t id, const char *hint);
void plan_check_gid(struct planner *planner, const char *what, uint32_t id, const char *hint);
uint32_t plan_id_on_host(const struct planner_map *map, uint32_t id); /* of one that is mapped */
/* Of one that is joined, or NULL. */
const char *plan_namespace_path(const struct planner *planner, enum namespace_kind kind);
void plan_namespaces_open(struct planner *planner);     /* OPEN, TIME, CLONE */
void plan_namespaces_maps(struct planner *planner);     /* ID_MAP, SETGROUPS_DENY: parent, after the clone */
void plan_become_root(struct planner *planner);         /* BECOME_ROOT, of a user namespace that is not ours */
void plan_namespaces_enter(struct planner *planner);    /* SETNS, UNSHARE, REFORK, BECOME_ROOT: init */
void plan_intel_rdt_make(struct planner *planner);      /* RDT_MAKE: before the clone */
void plan_intel_rdt_join(struct planner *planner);      /* RDT_JOIN: after it */
void plan_net_devices(struct planner *planner);         /* NET_DEVICE with its sync rows */
void plan_shared_mounts_check(struct planner *planner); /* without a mount namespace of its own: */
void plan_shared_mounts_root(struct planner *planner);  /* instead of plan_root_prepare and what follows */
void plan_root_source(struct planner *planner);         /* decides root_path; OPEN of its tree */
void plan_root_prepare(struct planner *planner);        /* PROPAGATION, ROOT */
void plan_mounts(struct planner *planner);
void plan_systemd_mount(struct planner *planner);   /* the v1 hierarchy of run.oci.systemd.force_cgroup_v1 */
void plan_mounts_readonly(struct planner *planner); /* REMOUNT of what had to stay writable until now */
void plan_mount_sources(struct planner *planner);   /* OPEN of trees that only the parent may open */
void plan_devices(struct planner *planner);
void plan_root_enter(struct planner *planner);       /* PIVOT */
void plan_paths(struct planner *planner);            /* read-only and masked paths, ROOT_READONLY */
void plan_root_propagation(struct planner *planner); /* last of the mounts: what is unbindable is not bound again */
void plan_sysctl(struct planner *planner);
void plan_hooks(struct planner *planner, enum hook_kind kind, enum op_side side);
/* HOOK_OUTPUT: the files of run.oci.hooks.* for hooks that init runs. */
void plan_hooks_output(struct planner *planner);
bool plan_has_hooks(const struct planner *planner, enum hook_kind kind);
void plan_process_parent(struct planner *planner);                                    /* OOM_SCORE_ADJ, RLIMIT_RAISE */
void plan_scheduler(struct planner *planner, const struct spec_scheduler *scheduler); /* may be NULL */
void plan_memory_policy(struct planner *planner);
void plan_process_early(struct planner *planner);   /* SESSION, KEYRING, hostname, scheduler ... */
void plan_terminal(struct planner *planner);        /* TERMINAL: after the mounts, before the root is entered */
void plan_process_late(struct planner *planner);    /* identity, capabilities, seccomp, exec */
void plan_announce(struct planner *planner);        /* PID_FILE, PIDFD_SEND */
void plan_process_prepare(struct planner *planner); /* exec: from the streams to FIND */
void plan_process_confine(
    struct planner *planner); /* exec: what can be there before the process is: RLIMIT to SECCOMP */
void plan_process_execute(struct planner *planner); /* exec: the rest, to EXEC */
