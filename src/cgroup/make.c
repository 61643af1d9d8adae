// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Making a container's cgroup, with the directories above it, which are marked as ours (parents.h). What was made is
 * removed again if a later step fails.
 * Another container may at the same moment remove a common parent that it had made: then the path is made anew.
 */
#include "cgroup/cgroup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroup/controllers.h"
#include "cgroup/dir.h"
#include "cgroup/parents.h"
#include "cgroup/walk.h"
#include "plan/ops.h"

#define NAME_LIMIT   255
#define RETRIES      1000
#define CGROUP_MODE  0755
#define NOTHING_MADE ((size_t) -1)

static int names_check(const struct cgroup_dir *dir, struct error *err)
{
    for (const char *name = dir->path; *name; name += strcspn(name, "/"), name += *name == '/')
        if (strcspn(name, "/") > NAME_LIMIT)
            return error_set(err, -ENAMETOOLONG, "cgroup \"%s\": \"%.*s\" is longer than %d bytes", dir->path,
                             (int) strcspn(name, "/"), name, NAME_LIMIT);
    return 0;
}

static int make_one(char *path, size_t length)
{
    char saved = path[length];
    int r;

    path[length] = '\0';
    r = mkdir(path, CGROUP_MODE) < 0 ? -errno : 0;
    if (r == 0 && saved)
        parents_mark(path);
    path[length] = saved;
    return r;
}

/* Make what is missing of PATH beyond its first START bytes. *FIRST becomes the length of the shortest prefix that was
 * made, if any was. -EEXIST if the last component was there. */
static int make_path(char *path, size_t start, size_t *first)
{
    size_t total = strlen(path);
    int r = 0;

    for (size_t end = start; end < total;) {
        end += 1 + strcspn(path + end + 1, "/");
        r = make_one(path, end);
        if (r == 0 && end < *first)
            *first = end;
        if (r < 0 && r != -EEXIST)
            return r;
    }
    return r;
}

/* First as if everything above were there. */
static int make_all(char *path, size_t start, size_t *first)
{
    int r = make_one(path, strlen(path));

    if (r == 0)
        *first = strlen(path);
    for (int i = 0; r == -ENOENT && i < RETRIES; i++)
        r = make_path(path, start, first);
    return r;
}

/* Take back PATH and what is above it, down to the prefix of length FIRST. Others may be using it by now: then it
 * stays. The lower end may never have been made: what is above it goes all the same. */
static void unmake(char *path, size_t first)
{
    while (strlen(path) >= first && (rmdir(path) == 0 || errno == ENOENT || errno == ENOTDIR))
        *strrchr(path, '/') = '\0';
}

static int check_nobody(int fd, void *userdata)
{
    _cleanup_free_ char *pids = NULL;

    (void) userdata;
    return file_read(fd, "cgroup.procs", CGROUP_FILE_SIZE, &pids, NULL) >= 0 && pids[0] ? -EBUSY : 0;
}

/* In it or below: all of them would be the container's, and be killed with it. */
static bool has_processes(const struct cgroup_dir *dir)
{
    const struct cgroup_visitor visitor = { check_nobody, NULL, NULL };
    _cleanup_close_ int fd = cgroup_open(dir, NULL);

    return fd >= 0 && cgroup_walk(fd, &visitor) == -EBUSY;
}

/* "tasks", "cgroup.procs" */
static bool is_file(const struct cgroup_dir *dir)
{
    char path[CGROUP_PATH_SIZE];
    struct stat st;

    return cgroup_path(dir, NULL, path, NULL) >= 0 && lstat(path, &st) == 0 && !S_ISDIR(st.st_mode);
}

/* One that was there before us may be left over, or be somebody's, or be none. */
static int check_existing(const struct cgroup_dir *dir, struct error *err)
{
    if (is_file(dir))
        return error_set(err, -EBUSY,
                         "cgroup \"%s\": \"%s\" has a file of that name (take another id or linux.cgroupsPath)",
                         dir->path, dir->mount);
    if (has_processes(dir))
        return error_set(err, -EBUSY, "container's cgroup is not empty: \"%s%s\" has processes, or one below it has",
                         dir->mount, dir->path);
    if (cgroup_frozen(dir))
        return error_set(err, -EBUSY, "container's cgroup unexpectedly frozen: \"%s%s\"", dir->mount, dir->path);
    return 0;
}

static int prepare(const struct cgroup_dir *dir, const char *enable, unsigned flags, bool existed, struct error *err)
{
    int r = existed && !(flags & CGROUP_MAKE_SCOPE) ? check_existing(dir, err) : 0;

    if (r >= 0 && dir->v2 && enable && enable[0])
        r = cgroup_enable(dir, enable, err);
    if (r >= 0 && !dir->v2 && (flags & CGROUP_MAKE_CPUSET))
        r = cgroup_fill_cpuset(dir, err);
    return r;
}

int cgroup_make(const struct cgroup_dir *dir, const char *enable, unsigned flags, bool *ret_made, struct error *err)
{
    char path[CGROUP_PATH_SIZE];
    size_t first = NOTHING_MADE;
    int r = names_check(dir, err);

    if (r >= 0)
        r = cgroup_path(dir, NULL, path, err);
    if (r < 0)
        return r;
    if (strcmp(dir->path, "/") == 0)
        return error_set(err, -EINVAL, "cgroup \"/\": the root cannot be a container's");
    r = make_all(path, strlen(dir->mount), &first);
    if (r < 0 && r != -EEXIST) {
        error_errno(err, r, "make cgroup \"%s\"", path);
        if (r == -EACCES || r == -EPERM || r == -EROFS)
            error_append(err, " (limits of linux.resources need a cgroup that is delegated to the caller)");
    } else {
        *ret_made = r == 0;
        r = prepare(dir, enable, flags, r == -EEXIST, err);
    }
    if (r < 0 && first != NOTHING_MADE)
        unmake(path, first);
    return r;
}
