// SPDX-License-Identifier: LGPL-2.1-or-later
/* struct criu_request → criu_req of rpc.proto: flags and texts by tables, lists one by one. */
#include "criu/request.h"

#include <string.h>

enum { LOG_LEVEL = 4 }; /* everything: the log is read only when something is wrong */

/* ---- lists ---- */

/* One more element in a list that is copied each time: there are a few dozens. NULL: no memory. */
static void *grow(struct arena *arena, const void *list, size_t n, size_t size)
{
    char *grown = arena_alloc(arena, n + 1, size);

    if (grown && n)
        memcpy(grown, list, n * size);
    return grown;
}

void criu_add_external(struct criu_request *request, struct arena *arena, const char *kind, const char *id,
                       const char *value)
{
    const char **grown = grow(arena, request->externals, request->n_externals, sizeof *grown);

    if (!grown)
        return;
    grown[request->n_externals++] =
        value ? arena_printf(arena, "%s[%s]:%s", kind, id, value) : arena_printf(arena, "%s[%s]", kind, id);
    request->externals = grown;
}

void criu_add_inherited(struct criu_request *request, struct arena *arena, const char *key, int fd)
{
    struct criu_inherited *grown = grow(arena, request->inherited, request->n_inherited, sizeof *grown);

    if (!grown)
        return;
    grown[request->n_inherited++] = (struct criu_inherited){ key, fd };
    request->inherited = grown;
}

void criu_add_pair(struct criu_pair **pairs, size_t *n, struct arena *arena, const char *key, const char *value)
{
    struct criu_pair *grown = grow(arena, *pairs, *n, sizeof *grown);

    if (!grown)
        return;
    grown[(*n)++] = (struct criu_pair){ key, value };
    *pairs = grown;
}

bool criu_external_valid(const char *id)
{
    return !strstr(id, "]:");
}

/* ---- encoding ---- */

static void put_flags(struct criu_message *opts, const struct criu_request *r)
{
    const struct {
        unsigned field;
        bool value;
    } flags[] = {
        {CRIU_OPTS_LEAVE_RUNNING,       r->leave_running || r->work == CRIU_PRE_DUMP},
        { CRIU_OPTS_EXT_UNIX_SK,        r->ext_unix_sk                              },
        { CRIU_OPTS_TCP_ESTABLISHED,    r->tcp_established                          },
        { CRIU_OPTS_TCP_SKIP_IN_FLIGHT, r->tcp_skip_in_flight                       },
        { CRIU_OPTS_TCP_CLOSE,          r->tcp_close                                },
        { CRIU_OPTS_SHELL_JOB,          r->shell_job                                },
        { CRIU_OPTS_FILE_LOCKS,         r->file_locks                               },
        { CRIU_OPTS_LINK_REMAP,         r->link_remap                               },
        { CRIU_OPTS_AUTO_DEDUP,         r->auto_dedup                               },
        { CRIU_OPTS_LAZY_PAGES,         r->lazy_pages                               },
        { CRIU_OPTS_TRACK_MEM,          r->track_mem || r->work == CRIU_PRE_DUMP    },
        { CRIU_OPTS_RST_SIBLING,        r->work == CRIU_RESTORE                     },
        { CRIU_OPTS_NOTIFY_SCRIPTS,     true                                        },
        { CRIU_OPTS_ORPHAN_PTS_MASTER,  true                                        },
    };

    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (flags[i].value)
            criu_put_number(opts, flags[i].field, 1);
}

static void put_texts(struct criu_message *opts, const struct criu_request *r)
{
    criu_put_text(opts, CRIU_OPTS_LOG_FILE, r->log_file);
    criu_put_text(opts, CRIU_OPTS_ROOT, r->root);
    criu_put_text(opts, CRIU_OPTS_PARENT_IMG, r->parent_image);
    criu_put_text(opts, CRIU_OPTS_FREEZE_CGROUP, r->freeze_cgroup);
    criu_put_text(opts, CRIU_OPTS_CONFIG_FILE, r->config_file);
    criu_put_text(opts, CRIU_OPTS_LSM_PROFILE, r->lsm_profile);
    criu_put_text(opts, CRIU_OPTS_LSM_MOUNT_CONTEXT, r->lsm_mount_context);
    for (size_t i = 0; i < r->n_externals; i++)
        criu_put_text(opts, CRIU_OPTS_EXTERNAL, r->externals[i]);
}

static void put_numbers(struct criu_message *opts, const struct criu_request *r)
{
    criu_put_number(opts, CRIU_OPTS_IMAGES_DIR_FD, r->image_fd);
    criu_put_number(opts, CRIU_OPTS_WORK_DIR_FD, r->work_fd);
    criu_put_number(opts, CRIU_OPTS_LOG_LEVEL, LOG_LEVEL);
    if (r->pid)
        criu_put_number(opts, CRIU_OPTS_PID, r->pid);
    criu_put_number(opts, CRIU_OPTS_MANAGE_CGROUPS, r->manage_cgroups != CRIU_CG_MODE_IGNORE);
    criu_put_number(opts, CRIU_OPTS_MANAGE_CGROUPS_MODE, r->manage_cgroups);
    if (r->network_lock)
        criu_put_number(opts, CRIU_OPTS_NETWORK_LOCK, r->network_lock);
    if (r->empty_ns)
        criu_put_number(opts, CRIU_OPTS_EMPTY_NS, r->empty_ns);
}

static void put_inner(struct criu_message *opts, unsigned field, struct criu_message *inner)
{
    criu_put_message(opts, field, inner);
    criu_message_done(inner);
}

static void put_pair(struct criu_message *opts, unsigned field, const struct criu_pair *pair, unsigned key,
                     unsigned value)
{
    struct criu_message inner = { 0 };

    criu_put_text(&inner, key, *pair->key ? pair->key : NULL);
    criu_put_text(&inner, value, pair->value);
    put_inner(opts, field, &inner);
}

static void put_page_server(struct criu_message *opts, const struct criu_request *r)
{
    struct criu_message inner = { 0 };

    if (!r->page_server)
        return;
    criu_put_text(&inner, CRIU_PAGE_SERVER_INFO_ADDRESS, r->page_server);
    criu_put_number(&inner, CRIU_PAGE_SERVER_INFO_PORT, r->page_server_port);
    put_inner(opts, CRIU_OPTS_PS, &inner);
}

static void put_inherited(struct criu_message *opts, const struct criu_inherited *inherited)
{
    struct criu_message inner = { 0 };

    criu_put_text(&inner, INHERIT_FD_KEY, inherited->key);
    criu_put_number(&inner, INHERIT_FD_FD, inherited->fd);
    put_inner(opts, CRIU_OPTS_INHERIT_FD, &inner);
}

static void put_lists(struct criu_message *opts, const struct criu_request *r)
{
    put_page_server(opts, r);
    for (size_t i = 0; i < r->n_cgroup_roots; i++)
        put_pair(opts, CRIU_OPTS_CG_ROOT, &r->cgroup_roots[i], CGROUP_ROOT_CTRL, CGROUP_ROOT_PATH);
    for (size_t i = 0; i < r->n_inherited; i++)
        put_inherited(opts, &r->inherited[i]);
    for (size_t i = 0; i < r->n_join_namespaces; i++)
        put_pair(opts, CRIU_OPTS_JOIN_NS, &r->join_namespaces[i], JOIN_NAMESPACE_NS, JOIN_NAMESPACE_NS_FILE);
}

void criu_encode(const struct criu_request *request, struct criu_message *ret_message)
{
    static const int types[] = { [CRIU_DUMP] = CRIU_REQ_TYPE_DUMP,
                                 [CRIU_PRE_DUMP] = CRIU_REQ_TYPE_PRE_DUMP,
                                 [CRIU_RESTORE] = CRIU_REQ_TYPE_RESTORE };
    struct criu_message opts = { 0 };

    *ret_message = (struct criu_message){ 0 };
    put_numbers(&opts, request);
    put_flags(&opts, request);
    put_texts(&opts, request);
    put_lists(&opts, request);
    criu_put_number(ret_message, CRIU_REQ_TYPE, types[request->work]);
    put_inner(ret_message, CRIU_REQ_OPTS, &opts);
}
