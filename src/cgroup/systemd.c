// SPDX-License-Identifier: LGPL-2.1-or-later
/* The caller's end of the socket; see systemd.h. */
#include "cgroup/systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "sys/files.h"
#include "sys/process.h"

#ifndef CRUN_LIBEXECDIR
#define CRUN_LIBEXECDIR "/usr/local/libexec/crun"
#endif

/* The helper ends a request by itself after SYSTEMD_TIMEOUT_MS; and it ends when its socket does. */
enum { STATUS_CANNOT_START = 127, GRACE_MS = 30000, END_MS = 5000, ERRNO_MAX = 4095 };

extern char **environ;

/* ---- the program ---- */

static int beside_program(char path[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - sizeof SYSTEMD_HELPER - 1);
    char *slash;

    if (n < 0)
        return -errno;
    path[n] = '\0';
    slash = strrchr(path, '/');
    if (!slash)
        return -ENOENT;
    strcpy(slash + 1, SYSTEMD_HELPER);
    return access(path, X_OK) == 0 ? 0 : -errno;
}

int systemd_helper(char **ret_path, struct error *err)
{
    static const char installed[] = CRUN_LIBEXECDIR "/" SYSTEMD_HELPER;
    char path[PATH_MAX];
    int r = beside_program(path);

    if (r < 0 && access(installed, X_OK) < 0)
        return error_set(err, -ENOENT,
                         "--cgroup-manager systemd: the program \"%s\" is missing; it is built and installed with crun "
                         "where libsystemd is (Debian: libsystemd-dev); --cgroup-manager cgroupfs does without it",
                         installed);
    *ret_path = strdup(r < 0 ? installed : path);
    return *ret_path ? 0 : error_errno(err, -ENOMEM, "start " SYSTEMD_HELPER);
}

static void __attribute__((noreturn)) helper_child(const char *path, bool user, int socket)
{
    char name[] = SYSTEMD_HELPER, manager[8];
    char *args[] = { name, manager, NULL };
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    sigset_t none;

    snprintf(manager, sizeof manager, "%s", user ? "user" : "system");
    sigemptyset(&none);
    for (int signal = 1; signal < NSIG; signal++)
        sigaction(signal, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(socket, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
        _exit(STATUS_CANNOT_START);
    fd_close_from(3);
    execve(path, args, environ);
    _exit(STATUS_CANNOT_START);
}

int systemd_open(struct systemd *systemd, bool user, struct error *err)
{
    _cleanup_free_ char *path = NULL;
    int sockets[2], size = 2 * SYSTEMD_PACKET_SIZE, r;

    if (systemd->fd >= 0)
        return 0;
    r = systemd_helper(&path, err);
    if (r < 0)
        return r;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
        return error_errno(err, -errno, "socketpair for " SYSTEMD_HELPER);
    setsockopt(sockets[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    systemd->pid = sys_clone(SIGCHLD, NULL);
    if (systemd->pid == 0)
        helper_child(path, user, sockets[1]);
    close(sockets[1]);
    systemd->fd = sockets[0];
    if (systemd->pid < 0) {
        fd_close(&systemd->fd);
        return error_errno(err, systemd->pid, "start \"%s\"", path);
    }
    return 0;
}

/* What it does goes with it: the process that holds a scope dies with its parent, and systemd stops an empty scope. */
static void end_at_once(struct systemd *systemd)
{
    kill(systemd->pid, SIGKILL);
    fd_close(&systemd->fd);
    while (waitpid(systemd->pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* Nothing more is sent, so it ends, and with it its end of the socket. */
static void let_end(const struct systemd *systemd)
{
    struct pollfd watched = { systemd->fd, 0, 0 };

    shutdown(systemd->fd, SHUT_WR);
    while (poll(&watched, 1, systemd->wait_ms ? systemd->wait_ms : END_MS) < 0 && errno == EINTR)
        ;
}

void systemd_close(struct systemd *systemd)
{
    if (systemd->fd < 0)
        return;
    let_end(systemd);
    end_at_once(systemd);
}

/* ---- one request ---- */

struct packet {
    char *text;
    size_t size;
    bool full;
};

static void packet_add(struct packet *packet, const char *word)
{
    size_t length = strlen(word) + 1;

    packet->full |= length > SYSTEMD_PACKET_SIZE - packet->size;
    if (packet->full)
        return;
    memcpy(packet->text + packet->size, word, length);
    packet->size += length;
}

/* It ended without an answer: then it was most likely not even started. */
static int helper_ended(struct systemd *systemd, struct error *err)
{
    systemd_close(systemd);
    return error_set(err, -EPIPE,
                     "--cgroup-manager systemd: the program " SYSTEMD_HELPER
                     " ended without an answer (is libsystemd.so.0 installed?)");
}

static int send_packet(struct systemd *systemd, const struct packet *packet, struct error *err)
{
    ssize_t n;

    if (packet->full)
        return error_set(err, -E2BIG, "--cgroup-manager systemd: more properties than fit into one message");
    do
        n = send(systemd->fd, packet->text, packet->size, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? helper_ended(systemd, err) : 0;
}

static int not_an_answer(struct error *err)
{
    return error_set(err, -EBADMSG,
                     "--cgroup-manager systemd: the program " SYSTEMD_HELPER
                     " answered with what is no answer (is it of this version of crun?)");
}

/* A number and a text, each to its NUL, and nothing behind them. */
int systemd_answer(const char *packet, size_t size, const char **ret_text, struct error *err)
{
    const char *end = memchr(packet, '\0', size), *text = end ? end + 1 : packet + size;
    size_t left = size - (size_t) (text - packet);
    char *rest;
    long code;

    *ret_text = "";
    if (left == 0 || end == packet || memchr(text, '\0', left) != text + left - 1)
        return not_an_answer(err);
    code = strtol(packet, &rest, 10);
    if (rest != end || code > 0 || code < -ERRNO_MAX)
        return not_an_answer(err);
    *ret_text = text;
    return code < 0 ? error_set(err, (int) code, "%s", text) : 0;
}

/* Until there is something to read, or the helper has ended. */
static int wait_answer(const struct systemd *systemd)
{
    int64_t end = clock_now_ms() + (systemd->wait_ms ? systemd->wait_ms : SYSTEMD_TIMEOUT_MS + GRACE_MS), left;
    struct pollfd watched = { systemd->fd, POLLIN, 0 };
    int n = -1;

    while (n < 0 && (left = end - clock_now_ms()) > 0) {
        n = poll(&watched, 1, (int) left);
        if (n < 0 && errno != EINTR)
            return -errno;
    }
    return n > 0 ? 0 : -ETIMEDOUT;
}

/* The answer, into BUFFER; *RET_TEXT is in it. What does not answer, or not so, is not asked again. */
static int receive(struct systemd *systemd, char *buffer, size_t size, const char **ret_text, struct error *err)
{
    int r = wait_answer(systemd);
    ssize_t n = 0;

    if (r < 0) {
        end_at_once(systemd);
        return error_errno(err, r, "--cgroup-manager systemd: wait for an answer of " SYSTEMD_HELPER);
    }
    do
        n = recv(systemd->fd, buffer, size, MSG_TRUNC);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return helper_ended(systemd, err);
    if ((size_t) n > size)
        r = not_an_answer(err);
    else
        r = systemd_answer(buffer, (size_t) n, ret_text, err);
    if (r == -EBADMSG)
        end_at_once(systemd);
    return r;
}

static int request(struct systemd *systemd, const char *verb, const char *name, const char *const *words, size_t n,
                   char **ret_text, struct error *err)
{
    struct packet packet = { .text = malloc(SYSTEMD_PACKET_SIZE) };
    _cleanup_free_ char *memory = packet.text;
    char timeout[16], answer[4096];
    const char *text;
    int r;

    if (!memory)
        return error_errno(err, -ENOMEM, "ask systemd");
    snprintf(timeout, sizeof timeout, "%d", SYSTEMD_TIMEOUT_MS);
    packet_add(&packet, verb);
    packet_add(&packet, timeout);
    packet_add(&packet, name);
    for (size_t i = 0; i < n; i++)
        packet_add(&packet, words[i]);
    r = send_packet(systemd, &packet, err);
    if (r < 0)
        return r;
    r = receive(systemd, answer, sizeof answer, &text, err);
    if (r < 0)
        return r;
    if (ret_text && !(*ret_text = strdup(text)))
        return error_errno(err, -ENOMEM, "ask systemd");
    return 0;
}

/* Absolute, below the root, and nowhere up again: it becomes a path that is written to, and removed. */
static bool is_control_group(const char *path)
{
    if (path[0] != '/' || path[1] == '\0')
        return false;
    for (const char *name = path; *name; name += strcspn(name, "/")) {
        size_t length = strcspn(++name, "/");

        if (length == 0 || (length <= 2 && strncmp(name, "..", length) == 0))
            return false;
    }
    return true;
}

int systemd_start(struct systemd *systemd, const char *name, const char *const *properties, size_t n, char **ret_cgroup,
                  struct error *err)
{
    _cleanup_free_ char *cgroup = NULL;
    int r = request(systemd, "start", name, properties, n, &cgroup, err);

    if (r >= 0 && !is_control_group(cgroup)) {
        r = error_set(err, -EBADMSG, "systemd: the cgroup of \"%s\" is said to be \"%s\"", name, cgroup);
        end_at_once(systemd);
    }
    if (r < 0)
        return r;
    *ret_cgroup = cgroup;
    cgroup = NULL;
    return 0;
}

int systemd_set(struct systemd *systemd, const char *name, const char *const *properties, size_t n, struct error *err)
{
    return request(systemd, "set", name, properties, n, NULL, err);
}

int systemd_attach(struct systemd *systemd, const char *name, const char *path, pid_t pid, struct error *err)
{
    char number[16];
    const char *words[] = { path, number };

    snprintf(number, sizeof number, "%d", pid);
    return request(systemd, "attach", name, words, 2, NULL, err);
}

int systemd_release(struct systemd *systemd, const char *name, struct error *err)
{
    return request(systemd, "release", name, NULL, 0, NULL, err);
}

int systemd_stop(struct systemd *systemd, const char *name, struct error *err)
{
    return request(systemd, "stop", name, NULL, 0, NULL, err);
}

int systemd_clear(struct systemd *systemd, const char *name, struct error *err)
{
    return request(systemd, "clear", name, NULL, 0, NULL, err);
}
