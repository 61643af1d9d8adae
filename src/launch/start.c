// SPDX-License-Identifier: LGPL-2.1-or-later
/* The word that a created container waits for, said over its start socket; failures of the last rows come back on it. */
#include <errno.h>

#include "base/fd.h"
#include "launch/launch.h"

static int wait_answer(int fd, struct error *err)
{
    for (;;) {
        struct message message;
        int r = message_receive(fd, &message, NULL);

        if (r < 0)
            return error_errno(err, r, "receive from crun-init");
        if (r == 0)
            return 0;
        if (message.type == MESSAGE_FAILED)
            return message_error(&message, err);
    }
}

int launch_start(int dir_fd, const char *document, struct error *err)
{
    struct message message = { .type = MESSAGE_GO };
    _cleanup_close_ int fd = -1, document_file = -1;
    int r = state_connect(dir_fd, &fd);

    if (r < 0)
        return error_errno(err, r, "connect to the created container");
    if (document) {
        document_file = document_fd(document, err);
        if (document_file < 0)
            return document_file;
    }
    r = message_send(fd, &message, document_file);
    if (r < 0)
        return error_errno(err, r, "tell the created container to start");
    return wait_answer(fd, err);
}
