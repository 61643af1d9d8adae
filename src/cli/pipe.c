// SPDX-License-Identifier: GPL-2.0-or-later
/* Running another program for what it prints; see pipe.h. */
#include "cli/pipe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/failure.h"

/* What our caller has left open is not the program's. */
static void close_others_on_exec(void)
{
    DIR *directory = opendir("/proc/self/fd");
    struct dirent *entry;

    while (directory && (entry = readdir(directory)) != NULL)
        if (atoi(entry->d_name) > STDERR_FILENO)
            fcntl(atoi(entry->d_name), F_SETFD, FD_CLOEXEC);
    if (directory)
        closedir(directory);
}

/* Both its outputs go to FD: what it complains of is the error's text. */
static int spawn(char **argv, int fd, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    int r = posix_spawn_file_actions_init(&actions);

    if (r != 0)
        return -r;
    posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fd, STDERR_FILENO);
    close_others_on_exec();
    r = posix_spawnp(ret_pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return -r;
}

static int read_text(int fd, char **ret_text)
{
    FILE *stream = fdopen(fd, "r");
    char *text = NULL;
    size_t size = 0;
    int r = 0;

    if (!stream) {
        r = -errno;
        close(fd);
        return r;
    }
    if (getdelim(&text, &size, 0, stream) < 0 && ferror(stream))
        r = -errno;
    fclose(stream);
    if (r == 0 && !text)
        text = strdup("");
    *ret_text = text;
    return r == 0 && !text ? -ENOMEM : r;
}

static int check_status(const char *name, pid_t pid, const char *text, struct crun_error *err)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return failure_errno(err, -errno, "wait for %s", name);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    return failure_set(err, -EIO, "%s failed: %.*s", name, (int) strcspn(text ? text : "", "\n"), text ? text : "");
}

int pipe_read_program(char **argv, char **ret_text, struct crun_error *err)
{
    char *text = NULL;
    int fds[2], r;
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return failure_errno(err, -errno, "make a pipe");
    r = spawn(argv, fds[1], &pid);
    close(fds[1]);
    if (r < 0) {
        close(fds[0]);
        return failure_errno(err, r, "run %s", argv[0]);
    }
    r = read_text(fds[0], &text);
    if (r < 0)
        failure_errno(err, r, "read from %s", argv[0]);
    if (check_status(argv[0], pid, text, r < 0 ? &(struct crun_error){ 0 } : err) < 0 && r == 0)
        r = -EIO;
    if (r == 0)
        *ret_text = text;
    else
        free(text);
    return r;
}
