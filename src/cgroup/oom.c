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

enum { HUGE_PAGE_SIZE = 2 << 20 };

static int read_events(const struct cgroup_dir *dir, char **ret_text)
{
    return cgroup_read(dir, dir->v2 ? "memory.events" : "memory.oom_control", ret_text);
}

/* The number behind NAME, which ends with a blank. */
static int event_count(const char *text, const char *name, uint64_t *ret)
{
    size_t length = strlen(name);

    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (strncmp(line, name, length) == 0) {
            *ret = strtoull(line + length, NULL, 10);
            return 0;
        }
    return -ENOENT;
}

int cgroup_oom_kills(const struct cgroup_dir *dir, uint64_t *ret)
{
    _cleanup_free_ char *text = NULL;
    int r = read_events(dir, &text);

    return r < 0 ? r : event_count(text, "oom_kill ", ret);
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

/* What is in force, which an update may have changed; as it was ASKED for, if that is what the kernel has made of it, or if it
 * does not tell any more. */
static uint64_t limit_in_force(const struct cgroup_dir *dir, int64_t asked)
{
    uint64_t page = (uint64_t) sysconf(_SC_PAGESIZE);
    _cleanup_free_ char *text = NULL;
    uint64_t limit;

    if (cgroup_read(dir, dir->v2 ? "memory.max" : "memory.limit_in_bytes", &text) < 0)
        return asked > 0 && asked < INT64_MAX ? (uint64_t) asked : 0;
    limit = strtoull(text, NULL, 10);
    return asked > 0 && (uint64_t) asked / page == limit / page ? (uint64_t) asked : limit;
}

/* As near as the largest piece that a process is given at once. */
static bool is_used_up(const struct cgroup_dir *dir, const char *limit, const char *peak)
{
    return number(dir, peak) + HUGE_PAGE_SIZE >= number(dir, limit);
}

/* v2 counts as `oom` how often this limit, or one below, was the reason; v1 how often it was reached, but Linux 6.18 not that of
 * memory and swap. Who else was killed fell to the host's need, or that of a cgroup above. */
static bool limit_was_the_reason(const struct cgroup_dir *dir, const char *events)
{
    uint64_t reached = 0;

    if (dir->v2)
        return event_count(events, "oom ", &reached) >= 0 && reached > 0;
    return number(dir, "memory.failcnt") > 0 ||
           is_used_up(dir, "memory.memsw.limit_in_bytes", "memory.memsw.max_usage_in_bytes");
}

static void append_peak(const struct cgroup_dir *dir, struct error *err)
{
    uint64_t peak = number(dir, dir->v2 ? "memory.peak" : "memory.max_usage_in_bytes");
    struct size_text text;

    if (peak)
        error_append(err, "; it has used %s", size_print(peak, &text));
    error_append(err, ")");
}

static void explain(const struct cgroup_dir *dir, const char *events, int64_t asked, struct error *err)
{
    struct size_text limit;

    if (limit_was_the_reason(dir, events))
        error_set(err, -ENOMEM,
                  "the container's init was killed by the memory limit of %s (linux.resources.memory.limit",
                  size_print(limit_in_force(dir, asked), &limit));
    else
        error_set(
            err, -ENOMEM,
            "the container's init was killed for want of memory (not by its own limit: the host, or a cgroup above the "
            "container's, had none left");
    append_peak(dir, err);
}

/* All that is decided by is read at once: systemd may remove the cgroup at any moment. */
bool cgroup_oom_explain(const struct cgroup_dir *dirs, size_t n, int64_t asked, struct error *err)
{
    const struct cgroup_dir *dir = memory_of(dirs, n);
    _cleanup_free_ char *events = NULL;
    uint64_t kills = 0;

    if (!dir || read_events(dir, &events) < 0 || event_count(events, "oom_kill ", &kills) < 0 || kills == 0)
        return false;
    explain(dir, events, asked, err);
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

/* ---- a trace ---- */

/* The cgroup above DIR, whose path goes to BUFFER; false if that is the root, which counts nothing. */
static bool dir_above(const struct cgroup_dir *dir, char buffer[CGROUP_PATH_SIZE], struct cgroup_dir *ret)
{
    size_t length = strlen(dir->path);

    while (length > 0 && dir->path[length - 1] != '/')
        length--;
    if (length <= 1 || length > CGROUP_PATH_SIZE)
        return false;
    memcpy(buffer, dir->path, length - 1);
    buffer[length - 1] = '\0';
    *ret = *dir;
    ret->path = buffer;
    return true;
}

static int kills_above(const struct cgroup_dir *dir, uint64_t *ret)
{
    char path[CGROUP_PATH_SIZE];
    struct cgroup_dir above;

    return dir_above(dir, path, &above) ? cgroup_oom_kills(&above, ret) : -ENOENT;
}

void cgroup_oom_trace(const struct cgroup_dir *dirs, size_t n, struct oom_trace *ret)
{
    const struct cgroup_dir *dir = memory_of(dirs, n);

    *ret = (struct oom_trace){ .fd = -1 };
    if (dir && dir->v2 && kills_above(dir, &ret->above) >= 0)
        ret->fd = cgroup_oom_watch(dir, NULL);
}

void oom_trace_done(struct oom_trace *trace)
{
    fd_close(&trace->fd);
}

/* Any change of the file; that it is gone is an event as well. */
static bool has_changed(int fd)
{
    struct inotify_event event;

    while (read(fd, &event, sizeof event) == (ssize_t) sizeof event)
        if (event.mask & IN_MODIFY)
            return true;
    return false;
}

static bool was_killed(const struct cgroup_dir *dir, const struct oom_trace *trace)
{
    uint64_t now = 0;

    return trace->fd >= 0 && has_changed(trace->fd) && kills_above(dir, &now) >= 0 && now > trace->above;
}

static bool is_gone(const struct cgroup_dir *dir)
{
    _cleanup_free_ char *events = NULL;
    int r = read_events(dir, &events);

    return r == -ENOENT || r == -ENODEV;
}

bool cgroup_oom_explain_traced(const struct cgroup_dir *dirs, size_t n, struct oom_trace *trace, int64_t asked,
                               struct error *err)
{
    const struct cgroup_dir *dir = memory_of(dirs, n);
    struct size_text limit;

    if (cgroup_oom_explain(dirs, n, asked, err))
        return true;
    if (asked <= 0 || asked == INT64_MAX || !dir || !is_gone(dir) || !was_killed(dir, trace))
        return false;
    error_set(err, -ENOMEM, "the container's init was killed by the memory limit of %s (linux.resources.memory.limit)",
              size_print((uint64_t) asked, &limit));
    return true;
}
