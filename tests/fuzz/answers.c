// SPDX-License-Identifier: GPL-2.0-or-later
/* What the programs that we start may answer: crun-systemd (first byte 0) with a packet, CRIU (otherwise) with packets of its
 * RPC, each behind its length in two bytes. Both run as we do; one of another version, or that is out of its mind, is an error. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cgroup/systemd.h"
#include "criu/session.h"
#include "fuzz.h"

enum { PACKETS_MAX = 16 }; /* fewer than a socket takes before it is read */

static void from_systemd(const uint8_t *data, size_t size)
{
    char *packet = malloc(size + !size); /* as long as it is, so that reading one too far is seen */
    const char *text = NULL;
    struct error err = { 0 };
    int r;

    if (!packet)
        abort();
    memcpy(packet, data, size);
    r = systemd_answer(packet, size, &text, &err);
    assert(r <= 0 && text);
    if (r == 0)
        assert(text > packet && text + strlen(text) + 1 == packet + size);
    else
        assert(err.code == r && err.text[sizeof err.text - 1] == '\0');
    free(packet);
}

/* All that it has to say, and its end. */
static void say(int fd, const uint8_t *data, size_t size)
{
    for (int i = 0; i < PACKETS_MAX && size >= 2; i++) {
        size_t length = (size_t) data[0] | (size_t) data[1] << 8;

        data += 2;
        size -= 2;
        length = length < size ? length : size;
        if (length > 0 && send(fd, data, length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            return;
        data += length;
        size -= length;
    }
}

static void from_criu(const uint8_t *data, size_t size)
{
    struct criu criu = CRIU_SESSION_INIT;
    struct error err = { 0 };
    int pair[2], r;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        abort();
    say(pair[1], data, size);
    shutdown(pair[1], SHUT_WR);
    criu.fd = pair[0];
    criu.work = "dump";
    criu.log_file = criu.log_path = "no-log";
    while ((r = criu_wait(&criu, "post-dump", &err)) > 0)
        assert(criu.held && criu.root_pid >= 0);
    assert(criu.root_pid >= 0);
    assert(r < 0 ? err.code < 0 && err.text[0] : criu.answered);
    close(pair[0]);
    close(pair[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] == 0)
        from_systemd(data + 1, size - 1);
    else
        from_criu(data + 1, size - 1);
    return 0;
}
