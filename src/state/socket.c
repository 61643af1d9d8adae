// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The socket on which a created container waits for `start`, an entry of the container's directory. A socket address
 * holds 107 bytes and state roots are longer, so the address is /proc/self/fd/N/start.sock. Where /proc is missing or
 * masked, a child process that shares the socket steps into the directory and binds or connects by the bare name:
 * this process' working directory is never touched, for in a library other threads depend on it.
 */
#include "state/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "state/id.h"
#include "state/state.h"
#include "sys/raw.h"

#define BACKLOG 16

typedef int socket_call(int fd, const struct sockaddr *address, socklen_t size);

static int call_named(socket_call *call, int fd, const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (strlen(name) >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    strcpy(address.sun_path, name);
    return call(fd, (const struct sockaddr *) &address, sizeof address) < 0 ? -errno : 0;
}

/* The child is cloned without an exit signal: nobody's SIGCHLD handler or wait(2) gets to see it. */
static int call_in_child(socket_call *call, int fd, int dir_fd)
{
    long pid = sys_call(SYS_clone, 0, 0, 0, 0, 0);
    int status;

    if (pid < 0)
        return (int) pid;
    if (pid == 0)
        _exit(fchdir(dir_fd) < 0 ? errno : -call_named(call, fd, STATE_SOCKET));
    while (waitpid((pid_t) pid, &status, __WALL) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

/* Whether /proc leads from our descriptors to what they stand for: /proc may be missing, or another's. */
static bool proc_shows(int dir_fd)
{
    char path[64];
    struct stat ours, shown;

    snprintf(path, sizeof path, "/proc/self/fd/%d/.", dir_fd);
    return fstat(dir_fd, &ours) == 0 && stat(path, &shown) == 0 && ours.st_dev == shown.st_dev &&
           ours.st_ino == shown.st_ino;
}

static int call_below(socket_call *call, int fd, int dir_fd)
{
    char path[64];

    if (!proc_shows(dir_fd))
        return call_in_child(call, fd, dir_fd);
    snprintf(path, sizeof path, "/proc/self/fd/%d/" STATE_SOCKET, dir_fd);
    return call_named(call, fd, path);
}

static int open_socket(int flags)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

    return fd < 0 ? -errno : fd;
}

int state_listen(int dir_fd, int *ret_fd, struct error *err)
{
    _cleanup_close_ int fd = open_socket(0);
    int r = fd;

    if (r >= 0 && unlinkat(dir_fd, STATE_SOCKET, 0) < 0 && errno != ENOENT)
        r = -errno;
    if (r >= 0)
        r = call_below(bind, fd, dir_fd);
    if (r >= 0 && listen(fd, BACKLOG) < 0)
        r = -errno;
    if (r < 0)
        return error_errno(err, r, "make the start socket");
    *ret_fd = take_fd(&fd);
    return 0;
}

int state_connect(int dir_fd, int *ret_fd)
{
    _cleanup_close_ int fd = open_socket(0);
    int r = fd < 0 ? fd : call_below(connect, fd, dir_fd);

    if (r == 0)
        *ret_fd = take_fd(&fd);
    return r;
}

/* Asked without blocking: a paused container does not accept, and EAGAIN then means that its queue is full. */
static bool answers(int dir_fd)
{
    _cleanup_close_ int fd = open_socket(SOCK_NONBLOCK);
    int r = fd < 0 ? fd : call_below(connect, fd, dir_fd);

    return r != -ECONNREFUSED && r != -ENOENT; /* what we lack ourselves says nothing about it */
}

/* Whether the socket is at PATH; what we lack ourselves says nothing about it, and *RET_SURE is false then. */
static bool is_there(int dir_fd, const char *path, bool *ret_sure)
{
    struct stat st;
    int r = fstatat(dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ? errno : 0;

    *ret_sure = r == 0 || r == ENOENT;
    return r == 0 ? S_ISSOCK(st.st_mode) : !*ret_sure;
}

bool socket_is_waiting(int dir_fd, bool named)
{
    bool sure;

    return is_there(dir_fd, STATE_SOCKET, &sure) && (named || !sure || answers(dir_fd));
}

bool socket_is_waiting_below(int root_fd, const char *id, bool named)
{
    _cleanup_close_ int dir = -1;
    char path[ID_PATH_SIZE];
    bool sure;

    if (id_path(id, STATE_SOCKET, path, NULL) < 0 || !is_there(root_fd, path, &sure))
        return false;
    if (named || !sure)
        return true;
    return state_dir_open(root_fd, id, 0, &dir, NULL) < 0 || answers(dir);
}
