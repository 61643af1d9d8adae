// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An example of a seccomp plugin for crun: it answers every call of the container that the profile sends to it
 * (SCMP_ACT_NOTIFY) with the errno that linux.seccomp.listenerMetadata names, "errno=99", or lets the call go on.
 *
 *     cc -O2 -o /usr/local/libexec/crun-seccomp-example seccomp-plugin.c
 *     config.json:  "annotations": { "run.oci.seccomp.plugins": "/usr/local/libexec/crun-seccomp-example" }
 *
 * What a plugin gets: descriptor 3 is the listener (seccomp_unotify(2)); standard input holds the ContainerProcessState of
 * the OCI runtime specification, one JSON document, whole; the first argument is the container's id. Standard output
 * and standard error lead nowhere. It runs as who called crun, on the host, outside of the container's cgroup. It ends
 * when the listener does: when the last process with the filter is gone, poll(2) says POLLHUP. If it ends before, the
 * container's calls fail with ENOSYS.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { LISTENER = 3 };

/* Good enough for one number; a real plugin has a JSON parser. */
static int wanted_errno(void)
{
    static char document[1 << 16];
    ssize_t n = read(STDIN_FILENO, document, sizeof document - 1);
    const char *metadata = n > 0 ? strstr(document, "\"metadata\":\"errno=") : NULL;

    return metadata ? atoi(strchr(metadata, '=') + 1) : 0;
}

/* The process may be gone before we look (ENOENT): then nobody waits for an answer. */
static int answer(int error)
{
    struct seccomp_notif call;
    struct seccomp_notif_resp response;

    memset(&call, 0, sizeof call);
    if (ioctl(LISTENER, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
        return errno == ENOENT || errno == EINTR ? 0 : -1;
    memset(&response, 0, sizeof response);
    response.id = call.id;
    response.error = -error;
    response.flags = error ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    return ioctl(LISTENER, SECCOMP_IOCTL_NOTIF_SEND, &response) < 0 && errno != ENOENT ? -1 : 0;
}

int main(void)
{
    int error = wanted_errno();
    struct pollfd listener = { LISTENER, POLLIN, 0 };

    for (;;) {
        if (poll(&listener, 1, -1) < 0 && errno != EINTR)
            return 1;
        if (listener.revents & POLLIN && answer(error) < 0)
            return 1;
        if (listener.revents & (POLLHUP | POLLERR | POLLNVAL))
            return 0;
    }
}
