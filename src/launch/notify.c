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
#include "base/utf8.h"
#include "sys/sockets.h"

enum {
    TURN = 1024
}; /* datagrams, more than a queue holds: a container that never stops talking must not be all we hear */
enum { ROOM_TIMEOUT_MS = 5000 };
enum { DATAGRAM_SIZE = 16384, SOCKET_MODE = 0777, DIRECTORY_MODE = 0755 };

/* What a process may say of itself (sd_notify(3)): not MAINPID, nor who else may speak, nor anything about descriptors.
 * What it says once is worth waiting for room in the manager's queue; what it says again and again is not. */
struct kind {
    const char *start;
    bool once;
};

static const struct kind kinds[] = {
    {"READY=1",               true },
    { "RELOADING=1",          true },
    { "STOPPING=1",           true },
    { "ERRNO=",               true },
    { "BUSERROR=",            true },
    { "EXIT_STATUS=",         true },
    { "STATUS=",              false},
    { "MONOTONIC_USEC=",      false},
    { "WATCHDOG=",            false},
    { "WATCHDOG_USEC=",       false},
    { "EXTEND_TIMEOUT_USEC=", false},
};

static bool begins(const char *line, size_t length, const char *start)
{
    size_t n = strlen(start);

    return start[n - 1] == '=' ? length >= n && memcmp(line, start, n) == 0
                               : length == n && memcmp(line, start, n) == 0;
}

/* NULL: it does not go on. */
static const struct kind *kind_of(const char *line, size_t length)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (begins(line, length, kinds[i].start))
            return &kinds[i];
    return NULL;
}

/* ---- sockets ---- */

/* An address of TEXT: a path, or '@' and an abstract name. 0: there is no such one. */
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

const char *notify_refused(const char *variable)
{
    struct sockaddr_un address;
    struct stat st;

    if (!address_of(variable, &address))
        return "neither a path nor @NAME, of 107 bytes at most";
    if (variable[0] == '/' && stat(variable, &st) == 0 && !S_ISSOCK(st.st_mode))
        return "not a socket";
    return NULL;
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

/* The first line of MESSAGE is told, and nothing is waited for any more. */
static void complain(struct notify *notify, const char *message, const char *why)
{
    log_write(notify->log, LOG_LEVEL_WARNING, "%.*s of the container was not passed on: NOTIFY_SOCKET \"%s\": %s",
              (int) strcspn(message, "\n"), message, getenv("NOTIFY_SOCKET"), why);
    notify->deaf = true;
}

static void give_up(struct notify *notify)
{
    if (notify->unsent)
        complain(notify, notify->unsent, "its queue is full");
    drop_unsent(notify);
}

void notify_close(struct notify *notify)
{
    give_up(notify);
    fd_close(&notify->fd);
}

/* ---- lines ---- */

struct lines {
    bool once;
    size_t length;
    char text[DATAGRAM_SIZE + 64]; /* a string */
};

/* Managers show a status to people, whose terminals obey control characters. */
static void add_line(struct lines *lines, const char *line, size_t length)
{
    char *to = lines->text + lines->length;

    memcpy(to, line, length);
    memcpy(to + length, "\n", 2);
    for (size_t i = 0; i < length; i++)
        memset(to + i, '?', utf8_control_length(to + i, length - i));
    lines->length += length + 1;
}

static void filter(struct notify *notify, const char *datagram, size_t size, int pid, struct lines *ret)
{
    char main_pid[32];
    bool ready = false;

    ret->length = 0;
    ret->once = false;
    for (const char *line = datagram, *end = datagram + size; line < end;) {
        const char *stop = memchr(line, '\n', (size_t) (end - line));
        size_t length = (size_t) ((stop ? stop : end) - line);
        const struct kind *kind = kind_of(line, length);

        if (kind) {
            add_line(ret, line, length);
            ready |= kind == &kinds[0];
            ret->once |= kind->once;
        }
        line += length + 1;
    }
    notify->ready |= ready;
    if (ready)
        add_line(ret, main_pid, (size_t) snprintf(main_pid, sizeof main_pid, "MAINPID=%d", pid));
}

static void keep(struct notify *notify, const struct lines *lines, int *fd)
{
    notify->unsent = strdup(lines->text);
    if (!notify->unsent)
        return;
    notify->unsent_size = lines->length;
    notify->target = take_fd(fd);
    notify->deadline = clock_now_ms() + ROOM_TIMEOUT_MS;
}

/* Connected, so that poll(2) tells when there is room. */
static int connect_and_send(const struct lines *lines, int *ret_fd)
{
    const char *target = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address;
    socklen_t length = target ? address_of(target, &address) : 0;

    if (!length)
        return -EINVAL;
    *ret_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (*ret_fd < 0 || connect(*ret_fd, (struct sockaddr *) &address, length) < 0 ||
        send(*ret_fd, lines->text, lines->length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        return -errno;
    return 0;
}

/* A manager that is gone, or does not listen, is not the container's trouble. */
static void send_on(struct notify *notify, const struct lines *lines)
{
    _cleanup_close_ int fd = -1;
    int r = connect_and_send(lines, &fd);

    if (r == 0 || !lines->once || notify->deaf)
        return;
    if (r == -EAGAIN)
        keep(notify, lines, &fd);
    else
        complain(notify, lines->text, errno_text(r));
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
    ssize_t n;

    /* recv without room for ancillary data: descriptors that somebody sends along are dropped by the kernel. What is too
     * long is dropped whole: its last line would have another meaning, cut off. */
    for (int i = 0; i < TURN && notify->fd >= 0 && send_unsent(notify); i++) {
        n = recv(notify->fd, datagram, sizeof datagram, MSG_DONTWAIT | MSG_TRUNC);
        if (n < 0)
            return;
        if ((size_t) n > sizeof datagram)
            continue;
        filter(notify, datagram, strnlen(datagram, (size_t) n), pid, &lines); /* managers read up to a NUL */
        if (lines.length)
            send_on(notify, &lines);
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
