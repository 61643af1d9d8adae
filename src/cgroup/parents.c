// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The directories above a container's cgroup. One that we make bears a mark, so that whichever container is deleted
 * last, of those that lie below it, removes it: the maker may be gone long before. The mark is an extended attribute
 * because it must end with the directory and be seen under every state root; cgroup file systems keep "trusted" ones for
 * root, and v2 "user" ones for everybody since Linux 5.7. A maker that is killed between mkdir(2) and the mark leaves
 * what its state tells of (cgroup_dir.above), as long as that container is being created.
 */
#include "cgroup/parents.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char *const marks[] = { "trusted.crun.made", "user.crun.made" };

enum { N_MARKS = sizeof marks / sizeof marks[0] };

static size_t parent_length(const char *path)
{
    return (size_t) (strrchr(path, '/') - path);
}

void parents_mark(const char *path)
{
    for (int i = 0; i < N_MARKS; i++)
        if (setxattr(path, marks[i], "", 0, XATTR_CREATE) == 0 || errno == EEXIST)
            return;
}

/* Also one that is gone, for what lies above it may be left. */
static bool is_marked(const char *path)
{
    for (int i = 0; i < N_MARKS; i++)
        if (getxattr(path, marks[i], NULL, 0) >= 0 || errno == ENOENT)
            return true;
    return false;
}

void parents_remove(const struct cgroup_dir *dir, char *path)
{
    size_t mount = strlen(dir->mount), known = SIZE_MAX;

    if (dir->above)
        known = mount + (dir->above[1] ? strlen(dir->above) : 0);
    for (;;) {
        *strrchr(path, '/') = '\0';
        if (strlen(path) <= mount || (strlen(path) <= known && !is_marked(path)))
            return;
        if (rmdir(path) < 0 && errno != ENOENT)
            return;
    }
}

int cgroup_look_above(struct cgroup_dir *dir, struct arena *arena, struct error *err)
{
    char path[CGROUP_PATH_SIZE];
    size_t mount = strlen(dir->mount), length;
    int r = cgroup_path(dir, NULL, path, err);

    if (r < 0)
        return r;
    length = parent_length(path);
    path[length] = '\0';
    if (length <= mount || access(path, F_OK) == 0)
        return 0;
    while (length > mount && access(path, F_OK) < 0) {
        length = parent_length(path);
        path[length] = '\0';
    }
    dir->above = length > mount ? arena_strdup(arena, path + mount) : "/";
    return 0;
}
