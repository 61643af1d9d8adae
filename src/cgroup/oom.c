// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The out-of-memory killer at work in a cgroup. v2 counts in memory.events, and a change of that file is an inotify event;
 * v1 counts in memory.oom_control and signals an eventfd that was registered in cgroup.event_control: before it kills
 * anybody, and also when the cgroup is removed.
 */
#include "cgroup/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroup/dir.h"

int cgroup_oom_kills(const struct cgroup_dir *dir, uint64_t *ret)
{
    _cleanup_free_ char *text = NULL;
    int r = cgroup_read(dir, dir->v2 ? "memory.events" : "memory.oom_control", &text);

    if (r < 0)
        return r;
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (strncmp(line, "oom_kill ", 9) == 0) {
            *ret = strtoull(line + 9, NULL, 10);
            return 0;
        }
    return -ENOENT;
}

/* ---- an explanation ---- */

static uint64_t number(const struct cgroup_dir *dir, const char *file)
{
    _cleanup_free_ char *text = NULL;

    return cgroup_read(dir, file, &text) >= 0 ? strtoull(text, NULL, 10) : 0;
}

struct size_text {
    char text[32];
};

/* "4 MiB" where that is exact, "4195 KiB" or "1 byte" otherwise. */
static const char *size_print(uint64_t size, struct size_text *buffer)
{
    static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
    size_t unit = 0;

    for (; size && size % 1024 == 0 && unit < 4; size /= 1024)
        unit++;
    snprintf(buffer->text, sizeof buffer->text, "%llu %s", (unsigned long long) size,
             size == 1 && unit == 0 ? "byte" : units[unit]);
    return buffer->text;
}

static const struct cgroup_dir *memory_of(const struct cgroup_dir *dirs, size_t n)
{
    const struct cgroup_dir *v2 = NULL;

    for (size_t i = 0; i < n; i++) {
        if (!dirs[i].v2 && dirs[i].controllers && cgroup_list_names(dirs[i].controllers, "memory"))
            return &dirs[i];
        v2 = dirs[i].v2 ? &dirs[i] : v2;
    }
    return v2;
}

bool cgroup_oom_explain(const struct cgroup_dir *dirs, size_t n, int64_t asked, struct error *err)
{
    const struct cgroup_dir *dir = memory_of(dirs, n);
    struct size_text limit, peak;
    uint64_t kills = 0, size;

    if (!dir || cgroup_oom_kills(dir, &kills) < 0 || kills == 0)
        return false;
    size = asked > 0 && asked < INT64_MAX ? (uint64_t) asked
                                          : number(dir, dir->v2 ? "memory.max" : "memory.limit_in_bytes");
    error_set(err, -ENOMEM,
              "the container's init was killed by the memory limit of %s (linux.resources.memory.limit; "
              "it has used %s)",
              size_print(size, &limit),
              size_print(number(dir, dir->v2 ? "memory.peak" : "memory.max_usage_in_bytes"), &peak));
    return true;
}

/* ---- watching ---- */

static int watch_v2(const char *path)
{
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), r;

    if (fd < 0)
        return -errno;
    if (inotify_add_watch(fd, path, IN_MODIFY) < 0) {
        r = -errno;
        close(fd);
        return r;
    }
    return fd;
}

static int watch_v1(const struct cgroup_dir *dir, const char *path)
{
    _cleanup_close_ int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), fd = -1;
    char text[32];
    int r;

    if (file < 0)
        return -errno;
    fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0)
        return -errno;
    snprintf(text, sizeof text, "%d %d", fd, file);
    r = cgroup_write_raw(dir, "cgroup.event_control", text);
    return r < 0 ? r : take_fd(&fd);
}

int cgroup_oom_watch(const struct cgroup_dir *dir, struct error *err)
{
    char path[CGROUP_PATH_SIZE];
    int r = cgroup_path(dir, dir->v2 ? "memory.events" : "memory.oom_control", path, err);

    if (r < 0)
        return r;
    r = dir->v2 ? watch_v2(path) : watch_v1(dir, path);
    return r < 0 ? error_errno(err, r, "watch \"%s\"", path) : r;
}
