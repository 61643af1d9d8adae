// SPDX-License-Identifier: GPL-2.0-or-later
/* What crun-init may say to its parent: any packet is one message whose texts end, or a protocol error. */
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "launch/child.h"
#include "launch/launch.h"

static void receive(int fd)
{
    struct message message;
    struct error err = { 0 };
    int r = message_receive(fd, &message, NULL);

    assert(r == 1 || r == 0 || r < 0);
    if (r != 1)
        return;
    assert(strnlen(message.what, sizeof message.what) < sizeof message.what);
    assert(strnlen(message.call, sizeof message.call) < sizeof message.call);
    assert(strnlen(message.detail, sizeof message.detail) < sizeof message.detail);
    assert(message_error(&message, &err) < 0);
    assert(err.code < 0 && strnlen(err.text, ERROR_TEXT_SIZE) < ERROR_TEXT_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct message whole = { 0 };
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        abort();
    if (size > 0 && send(pair[0], data, size, MSG_NOSIGNAL) == (ssize_t) size)
        receive(pair[1]);
    memcpy(&whole, data, size < sizeof whole ? size : sizeof whole);
    if (send(pair[0], &whole, sizeof whole, MSG_NOSIGNAL) == (ssize_t) sizeof whole)
        receive(pair[1]);
    close(pair[0]);
    receive(pair[1]);
    close(pair[1]);
    return 0;
}
