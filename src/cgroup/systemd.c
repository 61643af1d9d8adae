// SPDX-License-Identifier: LGPL-2.1-or-later
/* The caller's end of the socket; see systemd.h. */
#include "cgroup/systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "sys/files.h"
#include "sys/process.h"

#ifndef CRUN_LIBEXECDIR
#define CRUN_LIBEXECDIR "/usr/local/libexec/crun"
#endif

enum { STATUS_CANNOT_START = 127 };

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

void systemd_close(struct systemd *systemd)
{
    if (systemd->fd < 0)
        return;
    fd_close(&systemd->fd);
    while (waitpid(systemd->pid, NULL, 0) < 0 && errno == EINTR)
        ;
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

/* The answer: its number, and *RET_TEXT into BUFFER. */
static int receive(struct systemd *systemd, char *buffer, size_t size, const char **ret_text, struct error *err)
{
    ssize_t n;

    *ret_text = "";
    do
        n = recv(systemd->fd, buffer, size - 2, 0);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return helper_ended(systemd, err);
    buffer[n] = buffer[n + 1] = '\0';
    *ret_text = buffer + strlen(buffer) + 1;
    return atoi(buffer);
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
        return systemd->fd < 0 ? r : error_set(err, r, "%s", text);
    if (ret_text && !(*ret_text = strdup(text)))
        return error_errno(err, -ENOMEM, "ask systemd");
    return 0;
}

int systemd_start(struct systemd *systemd, const char *name, const char *const *properties, size_t n, char **ret_cgroup,
                  struct error *err)
{
    return request(systemd, "start", name, properties, n, ret_cgroup, err);
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
