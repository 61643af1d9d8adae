// SPDX-License-Identifier: GPL-2.0-or-later
/* crun-systemd system|user: requests from standard input (src/cgroup/systemd.h), one after the other, until its end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cgroup/systemd.h"
#include "request.h"

enum { WORDS_MAX = 16384 };

static int serve(struct manager *manager, const struct request *request, char **ret_cgroup, struct error *err)
{
    int r;

    if (strcmp(request->verb, "release") == 0) {
        holder_end(manager);
        return 0;
    }
    r = manager_connect(manager, err);
    if (r < 0)
        return r;
    if (strcmp(request->verb, "start") == 0)
        return scope_start(manager, request, ret_cgroup, err);
    if (strcmp(request->verb, "set") == 0)
        return scope_set(manager, request, err);
    if (strcmp(request->verb, "attach") == 0)
        return scope_attach(manager, request, err);
    if (strcmp(request->verb, "stop") == 0)
        return scope_stop(manager, request, err);
    if (strcmp(request->verb, "clear") == 0)
        return scope_clear(manager, request, err);
    return error_set(err, -EINVAL, "crun-systemd: no such request: \"%s\"", request->verb);
}

/* The words of the packet; 0 when there are too few or too many. */
static size_t split(const char *packet, size_t size, const char **words)
{
    size_t n = 0;

    for (const char *word = packet; word < packet + size && n < WORDS_MAX; word += strlen(word) + 1)
        words[n++] = word;
    return n < 3 || n == WORDS_MAX ? 0 : n;
}

/* What cannot be told is told by our end: nobody shall wait for it. */
static void answer(int code, const char *text)
{
    char packet[3072];
    int n = snprintf(packet, sizeof packet, "%d%c%s", code, '\0', text);
    size_t size = (size_t) (n < (int) sizeof packet ? n : (int) sizeof packet - 1) + 1;
    ssize_t sent;

    do
        sent = send(0, packet, size, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        exit(1);
}

static void handle(struct manager *manager, const char *packet, size_t size, const char **words)
{
    size_t n = split(packet, size, words);
    struct error err = { 0 };
    struct request request;
    char *cgroup = NULL;
    int r;

    if (n == 0) {
        answer(-EINVAL, "crun-systemd: not a request");
        return;
    }
    request = (struct request){ words[0], words[2], words + 3, n - 3 };
    manager->timeout_ms = atoi(words[1]);
    r = serve(manager, &request, &cgroup, &err);
    answer(r < 0 ? r : 0, r < 0 ? err.text : cgroup ? cgroup : "");
    free(cgroup);
}

static int usage(void)
{
    fputs("usage: crun-systemd system|user, with a socket of crun as standard input\n", stderr);
    return 1;
}

int main(int argc, char **argv)
{
    struct manager manager = { .user = argc == 2 && strcmp(argv[1], "user") == 0 };
    const char **words = calloc(WORDS_MAX, sizeof *words);
    char *packet = malloc(SYSTEMD_PACKET_SIZE + 1);
    ssize_t n = -1;

    if (argc != 2 || (!manager.user && strcmp(argv[1], "system") != 0) || !words || !packet)
        return usage();
    while ((n = recv(0, packet, SYSTEMD_PACKET_SIZE, 0)) > 0 || (n < 0 && errno == EINTR)) {
        if (n <= 0)
            continue;
        packet[n] = '\0';
        handle(&manager, packet, (size_t) n, words);
    }
    manager_close(&manager);
    free(packet);
    free(words);
    return n < 0 ? usage() : 0;
}
