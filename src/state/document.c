// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The state document of the OCI specification ("State" in runtime.md), for `state`, `list` and the standard input of
 * hooks. A stopped container has no pid: hooks get none, `state` and `list` show 0, as their readers expect.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/json.h"
#include "state/state.h"

static void write_pid(struct json_writer *w, const struct state *state, enum state_status status, bool full)
{
    pid_t pid = status == STATE_STOPPED ? 0 : state->pid;

    if (pid > 0 || full)
        jw_member_int(w, "pid", pid);
}

static void write_annotations(struct json_writer *w, const struct state *state)
{
    jw_key(w, "annotations");
    jw_object_begin(w);
    for (size_t i = 0; i < state->n_annotations; i++)
        jw_member_string(w, state->annotation_keys[i], state->annotation_values[i]);
    jw_object_end(w);
}

static void write_optional(struct json_writer *w, const char *key, const char *value)
{
    if (value)
        jw_member_string(w, key, value);
}

static void write_document(struct json_writer *w, const struct state *state, enum state_status status, bool full)
{
    jw_object_begin(w);
    write_optional(w, "ociVersion", state->oci_version);
    jw_member_string(w, "id", state->id);
    write_pid(w, state, status, full);
    jw_member_string(w, "status", state_status_name(status));
    write_optional(w, "bundle", state->bundle);
    if (full) {
        write_optional(w, "rootfs", state->rootfs);
        write_optional(w, "created", state->created);
    }
    if (full || state->n_annotations > 0)
        write_annotations(w, state);
    if (full)
        write_optional(w, "owner", state->owner);
    jw_object_end(w);
}

int state_document(const struct state *state, enum state_status status, bool full, bool indent, char **ret_json,
                   struct error *err)
{
    _cleanup_(jw_done) struct json_writer w;

    jw_init(&w, indent ? "  " : NULL);
    write_document(&w, state, status, full);
    if (jw_finish(&w, NULL, NULL) < 0)
        return error_errno(err, -ENOMEM, "state of container \"%s\"", state->id);
    *ret_json = w.text;
    w.text = NULL;
    return 0;
}
