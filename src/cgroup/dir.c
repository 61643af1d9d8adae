// SPDX-License-Identifier: LGPL-2.1-or-later
/* Paths, files and small facts of one cgroup directory; see dir.h. */
#include "cgroup/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

static bool climbs(const char *path)
{
    for (const char *name = path; *name; name += strcspn(name, "/"), name += *name == '/')
        if (strcspn(name, "/") == 2 && memcmp(name, "..", 2) == 0)
            return true;
    return false;
}

int cgroup_path(const struct cgroup_dir *dir, const char *file, char buffer[CGROUP_PATH_SIZE], struct error *err)
{
    if (dir->path[0] != '/' || climbs(dir->path) || (file && (strchr(file, '/') || strcmp(file, "..") == 0)))
        return error_set(err, -EINVAL, "cgroup \"%s\": not a path below its mount", dir->path);
    if (snprintf(buffer, CGROUP_PATH_SIZE, "%s%s%s%s", dir->mount, dir->path[1] ? dir->path : "", file ? "/" : "",
                 file ? file : "") >= CGROUP_PATH_SIZE)
        return error_errno(err, -ENAMETOOLONG, "cgroup \"%.100s...\"", dir->path);
    return 0;
}

int cgroup_read(const struct cgroup_dir *dir, const char *file, char **ret_text)
{
    char path[CGROUP_PATH_SIZE];
    int r = cgroup_path(dir, file, path, NULL);

    return r < 0 ? r : file_read(AT_FDCWD, path, CGROUP_FILE_SIZE, ret_text, NULL);
}

int cgroup_read_record(const struct cgroup_dir *dir, const char *file, char **ret_text)
{
    char path[CGROUP_PATH_SIZE];
    int r = cgroup_path(dir, file, path, NULL);

    return r < 0 ? r : file_read_record(AT_FDCWD, path, CGROUP_FILE_SIZE, ret_text);
}

int cgroup_write_raw(const struct cgroup_dir *dir, const char *file, const char *value)
{
    char path[CGROUP_PATH_SIZE];
    int r = cgroup_path(dir, file, path, NULL);

    return r < 0 ? r : file_write(AT_FDCWD, path, value);
}

bool cgroup_list_names(const char *list, const char *name)
{
    size_t length = strlen(name);

    for (const char *word = list; *word; word += strcspn(word, " ,\n"), word += *word != '\0')
        if (strcspn(word, " ,\n") == length && memcmp(word, name, length) == 0)
            return true;
    return false;
}

const char *cgroup_type_hint(const struct cgroup_dir *dir)
{
    _cleanup_free_ char *type = NULL;

    if (!dir->v2 || cgroup_read(dir, "cgroup.type", &type) < 0)
        return "";
    if (strncmp(type, "threaded", 8) == 0)
        return " (the cgroup is threaded: it takes threads of processes that live above it, not processes)";
    if (strncmp(type, "domain invalid", 14) == 0)
        return " (the cgroup is \"domain invalid\": it lies below a threaded one and takes no processes)";
    if (strncmp(type, "domain threaded", 15) == 0)
        return " (the cgroup is \"domain threaded\": its children can have threaded controllers only)";
    return "";
}

static int write_error(const struct cgroup_dir *dir, const char *file, const char *value, int code, struct error *err)
{
    size_t length = strcspn(value, "\n");
    const char *range;

    if (code == -ENOENT)
        return error_set(err, code,
                         "there is no cgroup file \"%s%s/%s\" (the kernel lacks it, or its controller is off)",
                         dir->mount, dir->path, file);
    error_errno(err, code, "write \"%.*s\" to \"%s%s/%s\"", (int) (length > 200 ? 200 : length), value, dir->mount,
                dir->path, file);
    range = code == -EINVAL || code == -ERANGE ? cgroup_range(file) : NULL;
    if (range)
        error_append(err, " (it takes %s)", range);
    if (code == -EBUSY && strstr(file, "limit_in_bytes"))
        error_append(err, " (more is in use, and not enough of that can be written out)");
    return code;
}

int cgroup_write(const struct cgroup_dir *dir, const char *file, const char *value, struct error *err)
{
    char path[CGROUP_PATH_SIZE];
    int r = cgroup_path(dir, file, path, err);

    if (r < 0)
        return r;
    r = file_write(AT_FDCWD, path, value);
    return r < 0 ? write_error(dir, file, value, r, err) : 0;
}

int cgroup_open(const struct cgroup_dir *dir, struct error *err)
{
    char path[CGROUP_PATH_SIZE];
    int r = cgroup_path(dir, NULL, path, err), fd;

    if (r < 0)
        return r;
    fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? error_errno(err, -errno, "open cgroup \"%s\"", path) : fd;
}

int cgroup_join(const struct cgroup_dir *dir, pid_t pid, struct error *err)
{
    char text[16];
    int r;

    snprintf(text, sizeof text, "%d", (int) pid);
    r = cgroup_write_raw(dir, "cgroup.procs", text);
    if (r >= 0)
        return 0;
    error_errno(err, r, "enter cgroup \"%s%s\"", dir->mount, dir->path);
    if (r == -EBUSY && dir->v2)
        error_append(err, " (it gives controllers to its children, so it takes no processes itself)");
    if (r == -ENOSPC)
        error_append(err, " (its cpuset.cpus or cpuset.mems are empty)");
    if (r == -EOPNOTSUPP)
        error_append(err, "%s", cgroup_type_hint(dir));
    return r;
}
