// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The probes behind host_probe, one a group of facts. Each fills its own fields and leaves the most careful value
 * where a fact cannot be read; the only error is -ENOMEM.
 */
#pragma once

#include "host/host.h"

void host_probe_identity(struct host *host);
void host_probe_lsm(struct host *host);
void host_probe_namespaces(struct host *host);
/* Whether our mount namespace is owned by another user namespace than ours. */
bool host_mounts_are_foreign(void);
bool host_probe_bfq(void);
int host_probe_subids(struct host *host, struct arena *arena, struct error *err);
int host_probe_resctrl(struct host *host, struct arena *arena, struct error *err);
int host_probe_cgroup(struct host *host, struct arena *arena, struct error *err);
int host_probe_cgroup_systemd(struct host *host, struct arena *arena, struct error *err);

/* Where MOUNTINFO, the text of a /proc/PID/mountinfo, has resctrl; in ARENA, NULL if nowhere. Pure. */
const char *resctrl_find(const char *mountinfo, struct arena *arena);

/* The ranges of one /etc/subuid or /etc/subgid, given as TEXT, that belong to user NAME (may be NULL) or to number
 * UID. Pure. */
int subids_parse(const char *text, const char *name, uint32_t uid, struct arena *arena, struct id_map **ret_maps,
                 size_t *ret_n);

/* The lines of TEXT, a /proc/PID/uid_map or gid_map; an identity over all ids gives none. Pure. */
int own_map_parse(const char *text, struct arena *arena, struct id_map **ret_maps, size_t *ret_n);

/* The path of the systemd of a user in PATH, a cgroup below it; NULL if it is none of his. Pure. */
const char *user_manager_of(const char *path, struct arena *arena);

/* The name of user UID in TEXT, which is an /etc/passwd; in ARENA, NULL if it has none. Pure. */
const char *passwd_name(const char *text, uint32_t uid, struct arena *arena);

/* Whether TEXT, a /proc/PID/uid_map, is the map of the initial user namespace. Pure. */
bool uid_map_is_initial(const char *text);
