// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is asked of CRIU, as plain data, and its encoding. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "criu/fields.h"
#include "criu/message.h"

enum criu_work { CRIU_DUMP, CRIU_PRE_DUMP, CRIU_RESTORE };

struct criu_pair {
    const char *key, *value;
};

struct criu_inherited {
    const char *key; /* "pipe:[17]", or the name of an external namespace */
    int fd;          /* in CRIU's process */
};

struct criu_request {
    enum criu_work work;
    int image_fd, work_fd;
    int pid;              /* dump: of the first process */
    const char *log_file; /* in the working directory */
    const char *root;
    const char *parent_image;  /* from the images' directory, or NULL */
    const char *freeze_cgroup; /* directory, or NULL */
    const char *config_file;   /* or NULL: CRIU's own defaults */
    const char *page_server;   /* address, or NULL */
    int page_server_port;
    const char *lsm_profile, *lsm_mount_context;
    int manage_cgroups; /* enum criu_cg_mode */
    int network_lock;   /* enum criu_network_lock_method, 0: CRIU's own choice */
    unsigned empty_ns;  /* CLONE_NEW* */
    bool leave_running, ext_unix_sk, tcp_established, tcp_skip_in_flight, tcp_close, shell_job, file_locks, link_remap,
        auto_dedup, lazy_pages, track_mem;
    /* grown by criu_add_* */
    const char **externals;
    size_t n_externals;
    struct criu_inherited *inherited;
    size_t n_inherited;
    struct criu_pair *cgroup_roots; /* controllers ("name=systemd"; "": v2), path */
    size_t n_cgroup_roots;
    struct criu_pair *join_namespaces; /* kind, file */
    size_t n_join_namespaces;
};

/* Append; strings and lists live in ARENA, which remembers when it is exhausted. */
void criu_add_external(struct criu_request *request, struct arena *arena, const char *kind, const char *id,
                       const char *value);
void criu_add_inherited(struct criu_request *request, struct arena *arena, const char *key, int fd);
void criu_add_pair(struct criu_pair **pairs, size_t *n, struct arena *arena, const char *key, const char *value);

/* Whether ID and VALUE come through as they are: criu_add_external makes "KIND[ID]:VALUE", which CRIU cuts at "]:". */
bool criu_external_valid(const char *id);

void criu_encode(const struct criu_request *request, struct criu_message *ret_message);
