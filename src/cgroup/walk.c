// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * See walk.h. A level remembers how far its directory was read (the d_off of the entry that was entered), which kernfs
 * keeps valid while entries come and go.
 */
#include "cgroup/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "sys/files.h"

#define OPEN_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

#define ENTRY_DIRECTORY 4 /* DT_DIR */
#define NAME_SIZE       256

struct level {
    int64_t position;     /* where reading goes on in the directory above */
    char name[NAME_SIZE]; /* of the cgroup that was entered from there */
};

struct walk {
    const struct cgroup_visitor *visitor;
    struct level *levels;
    size_t depth, capacity;
    int64_t position; /* in the current directory */
    int fd;
};

static bool is_child(const struct directory_entry *entry)
{
    return entry->type == ENTRY_DIRECTORY && strcmp(entry->name, ".") != 0 && strcmp(entry->name, "..") != 0 &&
           strlen(entry->name) < NAME_SIZE;
}

/* Find the next cgroup in what getdents64 left in BUFFER; advances walk->position. */
static const struct directory_entry *scan(struct walk *walk, const char *buffer, long size)
{
    for (long at = 0; at < size;) {
        const struct directory_entry *entry = (const void *) (buffer + at);

        walk->position = entry->next;
        if (is_child(entry))
            return entry;
        at += entry->length;
    }
    return NULL;
}

/* The name of the next cgroup of the current directory: 1, 0 at the end, -errno. */
static int next_child(struct walk *walk, char name[NAME_SIZE])
{
    _Alignas(struct directory_entry) char buffer[4096];
    long n;

    if (lseek(walk->fd, walk->position, SEEK_SET) < 0)
        return -errno;
    while ((n = sys_getdents64(walk->fd, buffer, sizeof buffer)) > 0) {
        const struct directory_entry *entry = scan(walk, buffer, n);

        if (!entry)
            continue;
        strcpy(name, entry->name);
        return 1;
    }
    return n < 0 && n != -ENOENT ? (int) n : 0; /* ENOENT: the directory itself was removed */
}

static int push(struct walk *walk, const char *name)
{
    struct level *more;

    if (walk->depth == walk->capacity) {
        more = realloc(walk->levels, (walk->capacity + 16) * sizeof *more);
        if (!more)
            return -ENOMEM;
        walk->levels = more;
        walk->capacity += 16;
    }
    walk->levels[walk->depth].position = walk->position;
    strcpy(walk->levels[walk->depth].name, name);
    walk->depth++;
    walk->position = 0;
    return 0;
}

static int enter(struct walk *walk)
{
    return walk->visitor->enter ? walk->visitor->enter(walk->fd, walk->visitor->userdata) : 0;
}

static int go_down(struct walk *walk, const char *name)
{
    int fd = openat(walk->fd, name, OPEN_FLAGS), r;

    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    fd_close(&walk->fd);
    walk->fd = fd;
    r = push(walk, name);
    return r < 0 ? r : enter(walk);
}

static int go_up(struct walk *walk)
{
    int fd = openat(walk->fd, "..", OPEN_FLAGS);
    const struct level *level = &walk->levels[--walk->depth];

    if (fd < 0)
        return -errno;
    fd_close(&walk->fd);
    walk->fd = fd;
    walk->position = level->position;
    return walk->visitor->leave ? walk->visitor->leave(fd, level->name, walk->visitor->userdata) : 0;
}

int cgroup_walk(int top_fd, const struct cgroup_visitor *visitor)
{
    struct walk walk = { .visitor = visitor, .fd = openat(top_fd, ".", OPEN_FLAGS) };
    char name[NAME_SIZE];
    int r = walk.fd < 0 ? -errno : enter(&walk);

    while (r >= 0) {
        r = next_child(&walk, name);
        if (r > 0)
            r = go_down(&walk, name);
        else if (r == 0 && walk.depth == 0)
            break;
        else if (r == 0)
            r = go_up(&walk);
    }
    fd_close(&walk.fd);
    free(walk.levels);
    return r < 0 ? r : 0;
}
