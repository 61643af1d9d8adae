// SPDX-License-Identifier: LGPL-2.1-or-later
/* Handing the seccomp listener to its agent; see listener.h. */
#include "launch/listener.h"

#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/json.h"
#include "launch/launch.h"
#include "launch/plugin.h"
#include "launch/send.h"
#include "sys/process.h"

/* ContainerProcessState of config-linux.md. */
static int process_state(const struct listener *listener, const struct state *state, char **ret_json, struct error *err)
{
    static const char *const fds[] = { "seccompFd" };
    _cleanup_(jw_done) struct json_writer w;
    _cleanup_free_ char *document = NULL;
    const struct state *container = listener->container ? listener->container : state;
    enum state_status status = listener->container ? listener->status : STATE_CREATING;
    int r = state_document(container, status, false, false, &document, err);

    if (r < 0)
        return r;
    jw_init(&w, NULL);
    jw_object_begin(&w);
    jw_member_string(&w, "ociVersion", state->oci_version);
    jw_member_strings(&w, "fds", fds, 1);
    jw_member_int(&w, "pid", state->pid);
    if (listener->metadata)
        jw_member_string(&w, "metadata", listener->metadata);
    jw_key(&w, "state");
    jw_raw(&w, document, strlen(document));
    jw_object_end(&w);
    if (jw_finish(&w, NULL, NULL) < 0)
        return error_errno(err, -ENOMEM, "container process state");
    *ret_json = w.text;
    w.text = NULL;
    return 0;
}

static int hand_over(const struct listener *listener, const struct state *state, int fd, struct error *err)
{
    _cleanup_free_ char *json = NULL;
    int r;

    if (!listener->path && !listener->plugin)
        return error_set(err, -EINVAL, "linux.seccomp: a listener came that nobody waits for");
    r = process_state(listener, state, &json, err);
    if (r >= 0 && listener->plugin) {
        r = plugin_start(listener->plugin, state->id, json, fd, err);
        return r < 0 ? error_prefix(err, "annotations[\"run.oci.seccomp.plugins\"]") : 0;
    }
    if (r >= 0)
        r = descriptor_send(listener->path, json, fd, listener->cancel, err);
    return r < 0 ? error_prefix(err, "linux.seccomp.listenerPath: failed to connect with seccomp agent") : 0;
}

int listener_received(const struct listener *listener, const struct state *state, int pidfd, int sync_fd,
                      const struct message *message, int fd, struct error *err)
{
    struct message answer = { .type = MESSAGE_GO, .row = message->row };
    _cleanup_close_ int taken_fd = fd >= 0 ? -1 : sys_pidfd_getfd(pidfd, message->code);
    int r = 0;

    if (fd < 0 && taken_fd < 0)
        answer.code = LISTENER_SEND;
    else
        r = hand_over(listener, state, fd >= 0 ? fd : taken_fd, err);
    if (r < 0)
        return r;
    r = message_send(sync_fd, &answer, -1);
    return r < 0 ? error_errno(err, r, "send to crun-init") : 0;
}
