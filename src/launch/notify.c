// SPDX-License-Identifier: LGPL-2.1-or-later
/* Datagrams from the container to the service manager; see notify.h. */
#include "launch/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "sys/sockets.h"

enum {
    TURN = 1024
}; /* datagrams, more than a queue holds: a container that never stops talking must not be all we hear */
enum { ROOM_TIMEOUT_MS = 5000 };
enum { DATAGRAM_SIZE = 16384, SOCKET_MODE = 0777, DIRECTORY_MODE = 0755 };

/* What a process may say of itself (sd_notify(3)); not MAINPID, nor anything about descriptors. */
static const char *const passed[] = {
    "READY=1",   "RELOADING=1",  "STOPPING=1", "STATUS=",        "NOTIFYACCESS=",        "ERRNO=",
    "BUSERROR=", "EXIT_STATUS=", "WATCHDOG=",  "WATCHDOG_USEC=", "EXTEND_TIMEOUT_USEC=", "MONOTONIC_USEC=",
};

static bool begins(const char *line, size_t length, const char *start)
{
    size_t n = strlen(start);

    return start[n - 1] == '=' ? length >= n && memcmp(line, start, n) == 0
                               : length == n && memcmp(line, start, n) == 0;
}

static bool may_pass(const char *line, size_t length)
{
    for (size_t i = 0; i < sizeof passed / sizeof passed[0]; i++)
        if (begins(line, length, passed[i]))
            return true;
    return false;
}

/* ---- sockets ---- */

/* An address of ADDRESS: a path, or '@' and an abstract name. 0: there is no such one. */
static socklen_t address_of(const char *text, struct sockaddr_un *ret)
{
    size_t length = strlen(text);

    if (length < 2 || length >= sizeof ret->sun_path || (text[0] != '/' && text[0] != '@'))
        return 0;
    *ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
    memcpy(ret->sun_path, text, length + 1);
    if (text[0] == '@')
        ret->sun_path[0] = '\0';
    return (socklen_t) (offsetof(struct sockaddr_un, sun_path) + length + (text[0] == '/'));
}

static int bind_below(int fd, int dir_fd, const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", dir_fd, name);
    unlinkat(dir_fd, name, 0);
    if (bind(fd, (struct sockaddr *) &address, sizeof address) < 0)
        return -errno;
    return fchmodat(dir_fd, name, SOCKET_MODE, 0) < 0 ? -errno : 0;
}

int notify_open(struct notify *notify, int dir_fd, const char *name, struct log *log, struct error *err)
{
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    _cleanup_close_ int directory = -1;
    int r;

    if (fd < 0)
        return error_errno(err, -errno, "socket for NOTIFY_SOCKET");
    if (mkdirat(dir_fd, NOTIFY_DIRECTORY, DIRECTORY_MODE) < 0 && errno != EEXIST)
        return error_errno(err, -errno, "make the directory for NOTIFY_SOCKET");
    directory = openat(dir_fd, NOTIFY_DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0 || fchmod(directory, DIRECTORY_MODE) < 0)
        return error_errno(err, -errno, "open the directory for NOTIFY_SOCKET");
    r = bind_below(fd, directory, name);
    if (r < 0)
        return error_errno(err, r, "bind the socket for NOTIFY_SOCKET");
    notify->fd = take_fd(&fd);
    notify->log = log;
    return 0;
}

/* The message that waits is sent, or given up. */
static void drop_unsent(struct notify *notify)
{
    if (!notify->unsent)
        return;
    fd_close(&notify->target);
    free(notify->unsent);
    notify->unsent = NULL;
}

static void give_up(struct notify *notify)
{
    if (notify->unsent)
        log_write(notify->log, LOG_LEVEL_WARNING,
                  "READY=1 of the container was not passed on: the queue of NOTIFY_SOCKET \"%s\" is full",
                  getenv("NOTIFY_SOCKET"));
    drop_unsent(notify);
    notify->deaf = true;
}

void notify_close(struct notify *notify)
{
    give_up(notify);
    fd_close(&notify->fd);
}

/* ---- lines ---- */

struct lines {
    size_t length;
    char text[DATAGRAM_SIZE + 64];
};

static void add_line(struct lines *lines, const char *line, size_t length)
{
    memcpy(lines->text + lines->length, line, length);
    lines->length += length;
    lines->text[lines->length++] = '\n';
}

/* Whether there is READY=1 among them. */
static bool filter(struct notify *notify, const char *datagram, size_t size, int pid, struct lines *ret)
{
    char main_pid[32];
    bool ready = false;

    ret->length = 0;
    for (const char *line = datagram, *end = datagram + size; line < end;) {
        const char *stop = memchr(line, '\n', (size_t) (end - line));
        size_t length = (size_t) ((stop ? stop : end) - line);

        if (may_pass(line, length)) {
            add_line(ret, line, length);
            ready |= begins(line, length, "READY=1");
        }
        line += length + 1;
    }
    notify->ready |= ready;
    if (ready)
        add_line(ret, main_pid, (size_t) snprintf(main_pid, sizeof main_pid, "MAINPID=%d", pid));
    return ready;
}

static void keep(struct notify *notify, const struct lines *lines, int *fd)
{
    notify->unsent = malloc(lines->length);
    if (!notify->unsent)
        return;
    memcpy(notify->unsent, lines->text, lines->length);
    notify->unsent_size = lines->length;
    notify->target = take_fd(fd);
    notify->deadline = clock_now_ms() + ROOM_TIMEOUT_MS;
}

/* A manager that is gone, or does not listen, is not the container's trouble. Connected, so that poll(2) tells when there
 * is room. */
static void send_on(struct notify *notify, const struct lines *lines, bool ready)
{
    const char *target = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address;
    socklen_t length = target ? address_of(target, &address) : 0;
    _cleanup_close_ int fd = length ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;

    if (fd < 0 || connect(fd, (struct sockaddr *) &address, length) < 0)
        return;
    if (send(fd, lines->text, lines->length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno == EAGAIN && ready &&
        !notify->deaf)
        keep(notify, lines, &fd);
}

/* Whether nothing waits any more. */
static bool send_unsent(struct notify *notify)
{
    if (!notify->unsent)
        return true;
    if (send(notify->target, notify->unsent, notify->unsent_size, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 || errno != EAGAIN)
        drop_unsent(notify);
    else if (clock_now_ms() >= notify->deadline)
        give_up(notify);
    return !notify->unsent;
}

struct pollfd notify_poll(const struct notify *notify)
{
    return notify->unsent ? (struct pollfd){ .fd = notify->target, .events = POLLOUT }
                          : (struct pollfd){ .fd = notify->fd, .events = POLLIN };
}

int notify_timeout(const struct notify *notify)
{
    int64_t left = notify->unsent ? notify->deadline - clock_now_ms() : -1;

    return notify->unsent && left < 0 ? 0 : (int) left;
}

void notify_forward(struct notify *notify, int pid)
{
    char datagram[DATAGRAM_SIZE];
    struct lines lines;
    bool ready;
    ssize_t n;

    /* recv without room for ancillary data: descriptors that somebody sends along are dropped by the kernel. What is too
     * long is dropped whole: its last line would have another meaning, cut off. */
    for (int i = 0; i < TURN && notify->fd >= 0 && send_unsent(notify); i++) {
        n = recv(notify->fd, datagram, sizeof datagram, MSG_DONTWAIT | MSG_TRUNC);
        if (n < 0)
            return;
        if ((size_t) n > sizeof datagram)
            continue;
        ready = filter(notify, datagram, (size_t) n, pid, &lines);
        if (lines.length)
            send_on(notify, &lines, ready);
    }
}

void notify_wait(struct notify *notify, int pidfd, int pid)
{
    struct pollfd set[] = {
        {.fd = -1         },
        { .fd = pidfd, .events = POLLIN },
    };

    while (notify->fd >= 0 && (!notify->ready || notify->unsent)) {
        set[0] = notify_poll(notify);
        if (poll(set, 2, notify_timeout(notify)) < 0 && errno != EINTR)
            return;
        notify_forward(notify, pid);
        if (set[1].revents && !notify->unsent)
            return;
        if (set[1].revents)
            set[1].fd = -1;
    }
}
