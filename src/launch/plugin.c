// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Starting a plugin. It outlives us, so it holds nothing of ours: a session of its own, "/" as its directory, /dev/null
 * where an engine would wait for the end of our standard error, no descriptor but its own. That it could not be executed
 * comes back through a pipe that a successful exec closes.
 */
#include "launch/plugin.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "host/host.h"
#include "launch/child.h"
#include "launch/launch.h"
#include "sys/files.h"
#include "sys/process.h"

enum { LISTENER_FD = 3, PIPE_FD = 4, LOWEST = 16 };

struct plugin {
    const char *path, *id;
    int in, null, listener, failed;
};

/* Whoever the host's root is outside, here he is nobody; what he alone can write to is as good as root's. */
static bool is_trusted(const struct stat *st)
{
    enum { OVERFLOW_UID = 65534 };

    return st->st_uid == 0 || st->st_uid == geteuid() || (st->st_uid == OVERFLOW_UID && host_in_user_namespace());
}

/* Who can write to a directory can put another file in the place of one that is not his; unless it is sticky, and the file not his. */
static int check_directory(const char *path, struct error *err)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return error_errno(err, -errno, "\"%s\"", path);
    if (!is_trusted(&st) || (st.st_mode & 0022 && !(st.st_mode & S_ISVTX)))
        return error_set(
            err, -EPERM,
            "others can write to the directory \"%s\", and put another program there (it has to be root's or the "
            "caller's, without write permission for anybody else)",
            path);
    return 0;
}

/* All above PATH, which is absolute. */
static int check_directories(const char *path, struct error *err)
{
    char above[PATH_MAX];
    int r = check_directory("/", err);

    for (const char *slash = path; r >= 0 && (slash = strchr(slash + 1, '/'));) {
        if ((size_t) (slash - path) >= sizeof above)
            return error_errno(err, -ENAMETOOLONG, "\"%s\"", path);
        snprintf(above, sizeof above, "%.*s", (int) (slash - path), path);
        r = check_directory(above, err);
    }
    return r;
}

/* By its name, and by where the links in it lead to. */
static int check_place(const char *path, struct error *err)
{
    _cleanup_free_ char *real = realpath(path, NULL);
    int r = real ? check_directories(path, err) : error_errno(err, -errno, "\"%s\"", path);

    return r < 0 ? r : check_directories(real, err);
}

int plugin_check(const char *path, struct error *err)
{
    struct stat st;

    if (path[0] != '/' || strchr(path, ':'))
        return error_set(err, -EINVAL, "expected the absolute path of one program, found \"%s\"", path);
    if (stat(path, &st) < 0)
        return error_errno(err, -errno, "\"%s\"", path);
    if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
        return error_set(err, -EACCES, "\"%s\" is not a program", path);
    if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & 0022))
        return error_set(err, -EPERM,
                         "\"%s\" can be changed by others (it has to be root's or the caller's, without "
                         "write permission for anybody else)",
                         path);
    return check_place(path, err);
}

static int become_plugin(const struct plugin *plugin)
{
    char *args[] = { (char *) plugin->path, (char *) plugin->id, NULL };

    if (dup2(plugin->in, 0) < 0 || dup2(plugin->null, 1) < 0 || dup2(plugin->null, 2) < 0 ||
        dup2(plugin->listener, LISTENER_FD) < 0 || dup3(plugin->failed, PIPE_FD, O_CLOEXEC) < 0 || chdir("/") < 0)
        return -errno;
    fd_close_from(PIPE_FD + 1);
    execv(plugin->path, args);
    return -errno;
}

static void __attribute__((noreturn)) plugin_child(const struct plugin *plugin)
{
    int code;

    if (setsid() < 0 || fork() != 0) /* the one who stays is an orphan, and leads no session */
        _exit(0);
    child_reset_signals();
    code = become_plugin(plugin);
    _exit(write(PIPE_FD, &code, sizeof code) < 0 ? 126 : 127);
}

/* All above what the child's own will be. */
static int lift(int *fd)
{
    int lifted = fcntl(*fd, F_DUPFD_CLOEXEC, LOWEST);

    if (lifted < 0)
        return -errno;
    fd_close(fd);
    *fd = lifted;
    return 0;
}

static int start(struct plugin *plugin, struct error *err)
{
    int pipe_fds[2], code = 0;
    pid_t pid;

    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return error_errno(err, -errno, "pipe2");
    plugin->failed = pipe_fds[1];
    if (lift(&plugin->failed) < 0 || (pid = fork()) < 0) {
        code = -errno;
    } else if (pid == 0) {
        plugin_child(plugin);
    } else {
        fd_close(&plugin->failed);
        waitpid(pid, NULL, 0);
        if (read(pipe_fds[0], &code, sizeof code) <= 0)
            code = 0;
    }
    close(pipe_fds[0]);
    fd_close(&plugin->failed);
    return code < 0 ? error_errno(err, code, "execute \"%s\"", plugin->path) : 0;
}

int plugin_start(const char *path, const char *id, const char *document, int listener_fd, struct error *err)
{
    _cleanup_close_ int in = document_fd(document, err), null = open("/dev/null", O_RDWR | O_CLOEXEC);
    _cleanup_close_ int listener = fcntl(listener_fd, F_DUPFD_CLOEXEC, LOWEST);

    if (in < 0)
        return in;
    if (null < 0 || listener < 0 || lift(&in) < 0 || lift(&null) < 0)
        return error_errno(err, -errno, "descriptors of \"%s\"", path);
    return start(&(struct plugin){ path, id, in, null, listener, -1 }, err);
}
