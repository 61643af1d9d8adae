// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which processes are in a cgroup and below. A process that lives outside our pid namespace is listed as 0 and left
 * out: it has no number here. A threaded cgroup refuses cgroup.procs; its threads are read and their processes looked
 * up.
 */
#include "cgroup/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroup/dir.h"
#include "cgroup/walk.h"

struct pid_list {
    pid_t *pids;
    size_t n, capacity;
};

static int append(struct pid_list *list, pid_t pid)
{
    size_t capacity = 2 * list->capacity + 64;
    pid_t *more;

    if (list->n == list->capacity) {
        more = realloc(list->pids, capacity * sizeof *more);
        if (!more)
            return -ENOMEM;
        list->pids = more;
        list->capacity = capacity;
    }
    list->pids[list->n++] = pid;
    return 0;
}

/* The process of thread TID, 0 if it is gone. */
static pid_t process_of(pid_t tid)
{
    _cleanup_free_ char *status = NULL;
    const char *line;
    char path[32];

    snprintf(path, sizeof path, "/proc/%d/status", (int) tid);
    if (file_read(AT_FDCWD, path, 65536, &status, NULL) < 0)
        return 0;
    line = strstr(status, "\nTgid:");
    return line ? (pid_t) strtol(line + 6, NULL, 10) : 0;
}

static int append_text(struct pid_list *list, const char *text, bool threads)
{
    int r = 0;

    for (; r >= 0 && *text; text += strcspn(text, "\n"), text += *text == '\n') {
        pid_t pid = (pid_t) strtol(text, NULL, 10);

        if (pid > 0 && threads)
            pid = process_of(pid);
        if (pid > 0)
            r = append(list, pid);
    }
    return r;
}

/* ENODEV is the answer of a cgroup that has just been removed. */
static int append_cgroup(int fd, void *userdata)
{
    _cleanup_free_ char *text = NULL;
    bool threads = false;
    int r = file_read(fd, "cgroup.procs", CGROUP_FILE_SIZE, &text, NULL);

    if (r == -EOPNOTSUPP) {
        threads = true;
        r = file_read(fd, "cgroup.threads", CGROUP_FILE_SIZE, &text, NULL);
    }
    if (r == -ENODEV || r == -ENOENT)
        return 0;
    return r < 0 ? r : append_text(userdata, text, threads);
}

static int compare(const void *a, const void *b)
{
    pid_t left = *(const pid_t *) a, right = *(const pid_t *) b;

    return (left > right) - (left < right);
}

/* Sorted, each once. */
static void tidy(struct pid_list *list)
{
    size_t kept = 0;

    if (list->n == 0)
        return;
    qsort(list->pids, list->n, sizeof *list->pids, compare);
    for (size_t i = 0; i < list->n; i++)
        if (kept == 0 || list->pids[kept - 1] != list->pids[i])
            list->pids[kept++] = list->pids[i];
    list->n = kept;
}

int cgroup_pids(const struct cgroup_dir *dir, pid_t **ret_pids, size_t *ret_n, struct error *err)
{
    struct pid_list list = { 0 };
    const struct cgroup_visitor visitor = { append_cgroup, NULL, &list };
    _cleanup_close_ int fd = cgroup_open(dir, err);
    int r = fd == -ENOENT ? 0 : fd;

    if (fd >= 0)
        r = cgroup_walk(fd, &visitor);
    if (r < 0) {
        free(list.pids);
        return fd < 0 ? r : error_errno(err, r, "list the processes of cgroup \"%s%s\"", dir->mount, dir->path);
    }
    tidy(&list);
    *ret_pids = list.pids;
    *ret_n = list.n;
    return 0;
}

int cgroup_check_outside(const struct cgroup_dir *dir, struct error *err)
{
    _cleanup_free_ pid_t *pids = NULL;
    pid_t own = getpid();
    size_t n = 0;
    int r = cgroup_pids(dir, &pids, &n, err);

    if (r < 0 || !n || !bsearch(&own, pids, n, sizeof own, compare))
        return r;
    return error_set(err, -EDEADLK,
                     "this command runs inside of the container's cgroup \"%s%s\", and would stop or kill itself (call "
                     "it from outside)",
                     dir->mount, dir->path);
}
