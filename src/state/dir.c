// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A container's directory: made, opened and locked, removed.
 *
 * The lock is flock(2) on the directory itself, so it dies with its holder and needs no file of its own. Whoever waits
 * for it may find, when he gets it, that the directory was removed meanwhile, or removed and made anew: so after every
 * lock the descriptor is compared with what the name stands for now. (Our descriptor keeps the inode in use, its number
 * cannot come back while we look.)
 */
#include "state/state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "state/hook.h"
#include "state/id.h"
#include "sys/files.h"

#define REMOVE_DEPTH 32 /* directories inside one another; what a container made below a shared one is anybody's */

static int no_such_container(const char *id, struct error *err)
{
    return error_set(err, -ENOENT, "container \"%s\" does not exist", id);
}

/* -EWOULDBLOCK with LOCK_NB: somebody else has it. */
static int take_lock(int fd, int lock)
{
    while (lock && flock(fd, lock) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

/* 1 if NAME still is the directory OURS, 0 if it is gone or another one. */
static int is_still(int root_fd, const char *name, const struct stat *ours)
{
    struct stat now;

    if (fstatat(root_fd, name, &now, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    return ours->st_dev == now.st_dev && ours->st_ino == now.st_ino;
}

/* In a root where others may write (a sticky one) a directory of theirs is no container. */
static int check_ours(int fd, struct stat *ret_st)
{
    if (fstat(fd, ret_st) < 0)
        return -errno;
    return ret_st->st_uid == geteuid() ? 0 : -EPERM;
}

/* Open and lock NAME. 1 with *RET_FD, 0 when the directory went away while we waited, or a negative errno. */
static int open_locked(int root_fd, const char *name, int lock, int *ret_fd)
{
    _cleanup_close_ int fd = openat(root_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    int r;

    if (fd < 0)
        return -errno;
    r = check_ours(fd, &st);
    if (r < 0)
        return r;
    if (!lock) {
        *ret_fd = take_fd(&fd);
        return 1;
    }
    r = take_lock(fd, lock);
    if (r == 0)
        r = is_still(root_fd, name, &st);
    if (r > 0)
        *ret_fd = take_fd(&fd);
    return r;
}

/* Open and lock it again until it is the one that the name stands for. */
static int open_settled(int root_fd, const char *name, int lock, int *ret_fd)
{
    int r;

    do
        r = open_locked(root_fd, name, lock, ret_fd);
    while (r == 0);
    return r < 0 ? r : 0;
}

static int already_exists(const char *id, struct error *err)
{
    return error_set(err, -EEXIST, "container with id \"%s\" already exists", id);
}

/* Ours was removed before we had its lock, and this is another one of that name. */
static bool is_taken(int dir_fd)
{
    return faccessat(dir_fd, STATE_CONFIG, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
           faccessat(dir_fd, STATE_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int state_dir_make(int root_fd, const char *id, int *ret_dir_fd, struct error *err)
{
    char name[NAME_MAX + 1];
    int r = id_directory(id, name, err);

    if (r < 0)
        return r;
    /* Between mkdir and lock a `delete --force` may take it for a remnant and remove it: made once more. */
    do {
        if (mkdirat(root_fd, name, 0700) < 0)
            return errno == EEXIST ? already_exists(id, err)
                                   : error_errno(err, -errno, "container \"%s\": make its state directory", id);
        r = open_locked(root_fd, name, LOCK_EX, ret_dir_fd);
    } while (r == 0 || r == -ENOENT);
    if (r >= 0 && is_taken(*ret_dir_fd)) {
        fd_close(ret_dir_fd);
        return already_exists(id, err);
    }
    if (r >= 0)
        return 0;
    unlinkat(root_fd, name, AT_REMOVEDIR); /* still empty, or not ours */
    return error_errno(err, r, "container \"%s\": lock its state directory", id);
}

int state_dir_open(int root_fd, const char *id, int lock, int *ret_dir_fd, struct error *err)
{
    char name[NAME_MAX + 1];
    int r = id_directory(id, name, err);

    if (r < 0)
        return r;
    r = root_fd < 0 ? -ENOENT : open_settled(root_fd, name, lock, ret_dir_fd);
    if (r == -ENOENT)
        return no_such_container(id, err);
    if (r == -EWOULDBLOCK)
        return r;
    return r < 0 ? error_errno(err, r, "container \"%s\": open its state directory", id) : 0;
}

/* ---- whose it is ---- */

/* What a launch may have made before state.json, or a `delete --force` that waited for it; and state.json itself, which comes
 * meanwhile where there is no lock. */
static const char *const first_names[] = { STATE_FILE,   ("." STATE_FILE ".new"),
                                           STATE_CONFIG, STATE_SOCKET,
                                           STATE_DOOMED, NULL };
/* What comes later ("notify": launch/notify.h), so that it tells nothing by itself. */
static const char *const later_names[] = { STATE_MOUNTS, ("." STATE_MOUNTS ".new"), STATE_HOOK, "notify", NULL };

static bool is_among(const char *name, const char *const *names)
{
    while (*names && strcmp(name, *names) != 0)
        names++;
    return *names;
}

struct census {
    unsigned first, later, strangers;
};

static void count_entry(struct census *census, const char *name)
{
    if (is_among(name, first_names))
        census->first++;
    else if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
        *(is_among(name, later_names) ? &census->later : &census->strangers) += 1;
}

static int count_entries(int dir_fd, struct census *census)
{
    char entries[2048] __attribute__((aligned(8)));
    long n = lseek(dir_fd, 0, SEEK_SET) < 0 ? -errno : 0;

    if (n < 0)
        return (int) n;
    while ((n = sys_getdents64(dir_fd, entries, sizeof entries)) > 0)
        for (long at = 0; at < n;) {
            const struct directory_entry *entry = (const void *) (entries + at);

            count_entry(census, entry->name);
            at += entry->length;
        }
    return (int) n;
}

int state_dir_check_ours(int dir_fd, const char *path, struct error *err)
{
    struct census census = { 0 };
    int r = count_entries(dir_fd, &census);

    if (r == -ENOENT) /* removed meanwhile */
        return 0;
    if (r < 0)
        return error_errno(err, r, "read directory \"%s\"", path);
    if (census.strangers == 0 && (census.first > 0 || census.later == 0))
        return 0;
    return error_set(err, -ENOTEMPTY,
                     "%s is not a container's state (no " STATE_FILE " of ours, and files that are not ours)", path);
}

/* ---- removing ---- */

static int remove_entries(int dir_fd, const char *but, unsigned depth);

/* Remove what is below directory NAME, and it. Never through a symlink: NAME itself would be unlinked instead. */
static int remove_directory(int dir_fd, const char *name, unsigned depth)
{
    _cleanup_close_ int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int r;

    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    if (depth == REMOVE_DEPTH)
        return -ELOOP;
    r = remove_entries(fd, NULL, depth + 1);
    if (r < 0)
        return r;
    return unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

static int remove_entry(int dir_fd, const char *name, unsigned depth)
{
    if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return -errno;
    return remove_directory(dir_fd, name, depth);
}

static bool is_kept(const char *name, const char *but)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || (but && strcmp(name, but) == 0);
}

/* Remove everything in DIR_FD but the entry BUT (may be NULL); the first failure is told, the rest is tried. */
static int remove_entries(int dir_fd, const char *but, unsigned depth)
{
    char entries[2048] __attribute__((aligned(8)));
    int result = lseek(dir_fd, 0, SEEK_SET) < 0 ? -errno : 0;
    long n;

    if (result < 0)
        return result;
    while ((n = sys_getdents64(dir_fd, entries, sizeof entries)) > 0)
        for (long at = 0; at < n;) {
            const struct directory_entry *entry = (const void *) (entries + at);
            int r = is_kept(entry->name, but) ? 0 : remove_entry(dir_fd, entry->name, depth);

            at += entry->length;
            result = result < 0 ? result : r;
        }
    return result < 0 ? result : (int) n;
}

/* state.json goes last: until then another `delete --force` still knows what there was. */
static int remove_all(int root_fd, const char *name, int dir_fd)
{
    int r = remove_entries(dir_fd, STATE_FILE, 0);

    if (r == 0)
        r = remove_entry(dir_fd, STATE_FILE, 0);
    return r == 0 && unlinkat(root_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : r;
}

int state_dir_remove(int root_fd, const char *id, int dir_fd, struct error *err)
{
    char name[NAME_MAX + 1];
    int r = id_directory(id, name, err);

    if (r < 0)
        return r;
    do
        r = remove_all(root_fd, name, dir_fd);
    while (r == -ENOTEMPTY); /* somebody has just said that he wants it deleted */
    return r < 0 ? error_errno(err, r, "container \"%s\": remove its state directory", id) : 0;
}

void state_dir_doom(int dir_fd)
{
    int fd = openat(dir_fd, STATE_DOOMED, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

    fd_close(&fd);
}

bool state_dir_is_doomed(int dir_fd)
{
    return faccessat(dir_fd, STATE_DOOMED, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int state_dir_explain(int dir_fd, const char *id, struct error *err)
{
    return dir_fd >= 0 && state_dir_is_doomed(dir_fd) ? error_prefix(err, "container \"%s\" was deleted meanwhile", id)
                                                      : err->code;
}

bool state_dir_has_config(int dir_fd)
{
    struct stat st;

    return fstatat(dir_fd, STATE_CONFIG, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size > 0;
}
