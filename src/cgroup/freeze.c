// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Stopping and resuming everything in a cgroup: cgroup.freeze on v2, the freezer hierarchy on v1. Freezing takes time.
 * On v2 cgroup.events tells when it is done, but late, so that we look ourselves as well. v1 has no event, and its file
 * says FREEZING until a read finds every task stopped: we look again after a millisecond. What cannot be frozen in time
 * is thawed.
 */
#include "cgroup/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "cgroup/dir.h"

#define FREEZE_TIMEOUT_MS     10000
#define FREEZE_FIRST_PAUSE_NS 50000
#define FREEZE_LAST_PAUSE_NS  100000000

static bool file_begins(const struct cgroup_dir *dir, const char *file, const char *text)
{
    _cleanup_free_ char *value = NULL;

    return cgroup_read_record(dir, file, &value) >= 0 && strncmp(value, text, strlen(text)) == 0;
}

bool cgroup_frozen(const struct cgroup_dir *dir)
{
    if (dir->v2)
        return file_begins(dir, "cgroup.freeze", "1");
    return file_begins(dir, "freezer.state", "FR"); /* FROZEN or FREEZING */
}

/* Whether cgroup.events, open at FD, says that all is frozen. */
static int events_frozen(int fd)
{
    char text[256];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);

    if (n < 0)
        return -errno;
    text[n] = '\0';
    return strstr(text, "frozen 1") != NULL;
}

/* The kernel holds an event back for ten milliseconds after the one before: most are frozen long before they are told. */
static int wait_frozen_v2(int events_fd)
{
    struct pollfd event = { events_fd, POLLPRI, 0 };
    struct timespec pause = { .tv_nsec = FREEZE_FIRST_PAUSE_NS };
    int64_t end = clock_now_ms() + FREEZE_TIMEOUT_MS;

    do {
        int r = events_frozen(events_fd);

        if (r != 0)
            return r < 0 ? r : 0;
        ppoll(&event, 1, &pause, NULL);
        if (pause.tv_nsec < FREEZE_LAST_PAUSE_NS)
            pause.tv_nsec *= 2;
    } while (clock_now_ms() < end);
    return -ETIMEDOUT;
}

static int freeze_v2(const struct cgroup_dir *dir)
{
    char path[CGROUP_PATH_SIZE];
    _cleanup_close_ int fd = -1;
    int r = cgroup_path(dir, "cgroup.events", path, NULL);

    if (r < 0)
        return r;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    r = cgroup_write_raw(dir, "cgroup.freeze", "1");
    return r < 0 ? r : wait_frozen_v2(fd);
}

static int freeze_v1(const struct cgroup_dir *dir)
{
    int64_t end = clock_now_ms() + FREEZE_TIMEOUT_MS;
    int r;

    do {
        r = cgroup_write_raw(dir, "freezer.state", "FROZEN");
        if (r < 0 || file_begins(dir, "freezer.state", "FROZEN"))
            return r;
        poll(NULL, 0, 1);
    } while (clock_now_ms() < end);
    return -ETIMEDOUT;
}

static int thaw(const struct cgroup_dir *dir)
{
    return dir->v2 ? cgroup_write_raw(dir, "cgroup.freeze", "0") : cgroup_write_raw(dir, "freezer.state", "THAWED");
}

int cgroup_freeze(const struct cgroup_dir *dir, bool frozen, struct error *err)
{
    int r = frozen ? cgroup_check_outside(dir, err) : 0;

    if (r < 0)
        return r;
    if (!frozen)
        r = thaw(dir);
    else
        r = dir->v2 ? freeze_v2(dir) : freeze_v1(dir);
    if (r < 0 && frozen)
        thaw(dir);
    return r < 0 ? error_errno(err, r, "%s cgroup \"%s%s\"", frozen ? "freeze" : "thaw", dir->mount, dir->path) : 0;
}
