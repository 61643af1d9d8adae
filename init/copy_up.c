// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tmpcopyup: a tmpfs begins with a copy of what it covers. Both sides are walked by descriptors, links are copied as
 * links, and nothing is followed; depth is limited by the descriptors that a level costs. Owner, mode and times are
 * kept; what a tmpfs cannot hold (a device that may not be made) is passed over.
 */
#include "init/init.h"

enum { MAX_DEPTH = 64, ENTRIES_SIZE = 2048, CHUNK = 1 << 30 };

struct level {
    int from_fd, to_fd;
    unsigned depth;
};

static int copy_level(struct init *init, const struct level *level);

static void copy_attributes(int to_fd, const char *name, const struct stat *st)
{
    const struct timespec times[2] = { st->st_atim, st->st_mtim };

    sys_fchownat(to_fd, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW);
    if (!S_ISLNK(st->st_mode))
        sys_fchmodat(to_fd, name, st->st_mode & 07777);
    sys_utimensat(to_fd, name, times, AT_SYMLINK_NOFOLLOW);
}

static int copy_data(int from_fd, int to_fd)
{
    long n;

    do
        n = sys_sendfile(to_fd, from_fd, CHUNK);
    while (n > 0 || n == -EINTR);
    return (int) n;
}

static int copy_file(const struct level *level, const char *name, const struct stat *st)
{
    _cleanup_close_ int from_fd =
        sys_openat(level->from_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
    _cleanup_close_ int to_fd = -1;

    if (from_fd < 0)
        return from_fd;
    to_fd = sys_openat(level->to_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, st->st_mode & 0777);
    return to_fd < 0 ? to_fd : copy_data(from_fd, to_fd);
}

static int copy_symlink(const struct level *level, const char *name)
{
    char target[INIT_PATH_SIZE];
    long length = sys_readlinkat(level->from_fd, name, target, sizeof target - 1);

    if (length < 0)
        return (int) length;
    target[length] = '\0';
    return sys_symlinkat(target, level->to_fd, name);
}

static int copy_dir(struct init *init, const struct level *level, const char *name, const struct stat *st)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    _cleanup_close_ int from_fd = sys_openat(level->from_fd, name, flags, 0);
    _cleanup_close_ int to_fd = -1;
    int r = from_fd < 0 ? from_fd : sys_mkdirat(level->to_fd, name, st->st_mode & 07777);

    if (r < 0)
        return r;
    to_fd = sys_openat(level->to_fd, name, flags, 0);
    if (to_fd < 0)
        return to_fd;
    return copy_level(init, &(struct level){ from_fd, to_fd, level->depth + 1 });
}

static int copy_special(const struct level *level, const char *name, const struct stat *st)
{
    int r = sys_mknodat(level->to_fd, name, st->st_mode, (uint32_t) st->st_rdev);

    return r == -EPERM ? 0 : r;
}

static int copy_entry(struct init *init, const struct level *level, const char *name)
{
    struct stat st;
    int r = sys_fstatat(level->from_fd, name, &st, AT_SYMLINK_NOFOLLOW);

    if (r < 0)
        return init_fail(init, r, "copy", name);
    if (S_ISDIR(st.st_mode))
        r = copy_dir(init, level, name, &st);
    else if (S_ISREG(st.st_mode))
        r = copy_file(level, name, &st);
    else if (S_ISLNK(st.st_mode))
        r = copy_symlink(level, name);
    else
        r = copy_special(level, name, &st);
    if (r < 0)
        return init->failure.code ? r : init_fail(init, r, "copy", name);
    copy_attributes(level->to_fd, name, &st);
    return 0;
}

static bool is_dots(const char *name)
{
    return text_equal(name, ".") || text_equal(name, "..");
}

static int copy_level(struct init *init, const struct level *level)
{
    _Alignas(struct directory_entry) char entries[ENTRIES_SIZE];
    long size;

    if (level->depth > MAX_DEPTH)
        return init_explain(init, -ELOOP, "directories too deep to copy");
    while ((size = sys_getdents64(level->from_fd, entries, sizeof entries)) > 0)
        for (long at = 0; at < size;) {
            const struct directory_entry *entry = (const void *) (entries + at);
            int r = is_dots(entry->name) ? 0 : copy_entry(init, level, entry->name);

            if (r < 0)
                return r;
            at += entry->length;
        }
    return (int) size;
}

int copy_up(struct init *init, int from_fd, int to_fd)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    _cleanup_close_ int from_dir_fd = sys_openat(from_fd, ".", flags, 0);
    _cleanup_close_ int to_dir_fd = sys_openat(to_fd, ".", flags, 0);
    int r = from_dir_fd < 0 ? from_dir_fd : to_dir_fd;

    init->failure.code = 0;
    if (r >= 0)
        r = copy_level(init, &(struct level){ from_dir_fd, to_dir_fd, 0 });
    if (r < 0 && init->failure.code == 0)
        init_fail(init, r, "copy", NULL);
    return r < 0 ? r : 0;
}
