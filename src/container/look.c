// SPDX-License-Identifier: LGPL-2.1-or-later
/* state, list, and the verbs over all containers whose id matches. */
#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/json.h"
#include "container/context.h"

const char *crun_status_name(enum crun_status status)
{
    return state_status_name((enum state_status) status);
}

int crun_state(struct crun_context *context, const char *id, char **ret_json, struct crun_error *error)
{
    _cleanup_(container_close) struct container container;
    struct error *err = own_error(error);
    int r = container_open(context, id, 0, &container, err);

    if (r >= 0 && container.half_made)
        r = error_set(err, -ENOENT,
                      "container \"%s\" does not exist yet: it has no state, and is just being made, or a launch was "
                      "killed there (delete --force removes it)",
                      id);
    if (r < 0)
        return r;
    return state_document(&container.state, container_status(&container), true, true, ret_json, err);
}

/* ---- every container ---- */

struct ids {
    char **names;
    size_t n;
};

static void ids_done(struct ids *ids)
{
    for (size_t i = 0; i < ids->n; i++)
        free(ids->names[i]);
    free(ids->names);
}

/* Call VISIT for each container that can be read; one that is being deleted meanwhile is passed over, and so
 * is a directory of somebody else's. */
static int visit_all(struct crun_context *context,
                     int (*visit)(const struct container *container, enum state_status status, void *userdata,
                                  struct error *err),
                     void *userdata, struct error *err)
{
    _cleanup_(container_close) struct container container = { .dir_fd = -1 };
    _cleanup_(ids_done) struct ids ids = { 0 };
    int r = context_root_if_there(context, err);
    bool private = r >= 0 && state_root_is_private(context->root_fd);

    if (r >= 0)
        r = state_ids(context->root_fd, &ids.names, &ids.n, err);
    for (size_t i = 0; r >= 0 && i < ids.n; i++) {
        int opened = private ? container_look_next(context, ids.names[i], &container, err)
                             : container_open_next(context, ids.names[i], 0, &container, err);

        if (opened < 0 && opened != -ENOENT && opened != -ENOTEMPTY)
            log_write(context->log, LOG_LEVEL_WARNING, "%s", err->text);
        if (opened >= 0)
            r = visit(&container, container_status(&container), userdata, err);
    }
    return r;
}

/* ---- list ---- */

static char *copy(const char *text)
{
    return strdup(text ? text : "");
}

/* The array doubles when its length is a power of two. */
static bool has_room(struct crun_list *list)
{
    size_t n = list->n_containers;
    struct crun_container *grown;

    if (n & (n - 1))
        return true;
    grown = realloc(list->containers, (n ? 2 * n : 1) * sizeof *grown);
    list->containers = grown ? grown : list->containers;
    return grown;
}

static int add_container(const struct container *container, enum state_status status, void *userdata, struct error *err)
{
    struct crun_list *list = userdata;
    const struct state *state = &container->state;
    struct crun_container *entry;

    if (!has_room(list))
        return error_errno(err, -ENOMEM, "list containers");
    entry = &list->containers[list->n_containers++];
    *entry = (struct crun_container){
        .id = copy(state->id),
        .bundle = copy(state->bundle),
        .rootfs = copy(state->rootfs),
        .created = copy(state->created),
        .owner = copy(state->owner),
        .pid = status == STATE_STOPPED ? 0 : state->pid,
        .status = (enum crun_status) status,
    };
    return 0;
}

void crun_list_free(struct crun_list *list)
{
    if (!list)
        return;
    for (size_t i = 0; i < list->n_containers; i++) {
        struct crun_container *c = &list->containers[i];
        const char *strings[] = { c->id, c->bundle, c->rootfs, c->created, c->owner };

        for (size_t k = 0; k < sizeof strings / sizeof strings[0]; k++)
            free((char *) strings[k]);
    }
    free(list->containers);
    free(list);
}

int crun_list(struct crun_context *context, struct crun_list **ret_list, struct crun_error *error)
{
    struct crun_list *list = calloc(1, sizeof *list);
    struct error *err = own_error(error);
    int r = list ? visit_all(context, add_container, list, err) : error_errno(err, -ENOMEM, "list containers");

    if (r < 0) {
        crun_list_free(list);
        return r;
    }
    *ret_list = list;
    return 0;
}

/* ---- list as JSON ---- */

static int add_json(const struct container *container, enum state_status status, void *userdata, struct error *err)
{
    struct json_writer *w = userdata;
    _cleanup_free_ char *text = NULL;
    int r = state_document(&container->state, status, true, false, &text, err);

    if (r >= 0)
        jw_raw(w, text, strcspn(text, "\n"));
    return r;
}

int crun_list_json(struct crun_context *context, char **ret_json, struct crun_error *error)
{
    _cleanup_(jw_done) struct json_writer w;
    struct error *err = own_error(error);
    const char *text;
    int r;

    jw_init(&w, NULL);
    jw_array_begin(&w);
    r = visit_all(context, add_json, &w, err);
    jw_array_end(&w);
    if (r >= 0)
        r = jw_finish(&w, &text, NULL);
    if (r < 0)
        return err->code ? r : error_errno(err, r, "list containers");
    *ret_json = strdup(text);
    return *ret_json ? 0 : error_errno(err, -ENOMEM, "list containers");
}

/* ---- by regular expression ---- */

int crun_for_each_match(struct crun_context *context, const char *regex,
                        int (*function)(struct crun_context *context, const char *id, void *userdata,
                                        struct crun_error *err),
                        void *userdata, struct crun_error *error)
{
    _cleanup_(ids_done) struct ids ids = { 0 };
    struct error *err = own_error(error);
    struct crun_error later;
    regex_t compiled;
    int r = context_root_if_there(context, err);

    if (r < 0)
        return r;
    if (regcomp(&compiled, regex, REG_EXTENDED | REG_NOSUB) != 0)
        return error_set(err, -EINVAL, "invalid regular expression \"%s\"", regex);
    r = state_ids(context->root_fd, &ids.names, &ids.n, err);
    for (size_t i = 0; i < ids.n; i++)
        if (regexec(&compiled, ids.names[i], 0, NULL, 0) == 0) {
            int one = function(context, ids.names[i], userdata, r < 0 ? &later : error);

            r = r < 0 ? r : one;
        }
    regfree(&compiled);
    return r;
}
