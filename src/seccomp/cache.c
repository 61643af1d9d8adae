// SPDX-License-Identifier: LGPL-2.1-or-later
/* The files of the cache; see cache.h. What is in one: cache_file.c. */
#include "seccomp/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/hash.h"

struct file_name {
    char text[17];
};

static struct file_name name_of(const char *text, size_t size)
{
    struct file_name name;

    snprintf(name.text, sizeof name.text, "%016llx", (unsigned long long) hash_bytes(text, size));
    return name;
}

/* Ours alone: nobody else owns it, nobody else has a right to it. */
static bool is_private(const struct stat *st)
{
    return st->st_uid == geteuid() && (st->st_mode & 077) == 0;
}

static int open_folder(int root_fd)
{
    _cleanup_close_ int fd = openat(root_fd, SECCOMP_CACHE_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    return is_private(&st) ? take_fd(&fd) : -EPERM;
}

/* ---- finding ---- */

/* A second name could be a place where somebody else may write to what the first one stands for. */
static int check_file(const struct stat *st)
{
    if (!S_ISREG(st->st_mode) || !is_private(st) || st->st_nlink != 1)
        return -EPERM;
    return st->st_size > 0 && (size_t) st->st_size <= SECCOMP_CACHE_LIMIT ? 0 : -EINVAL;
}

static int read_file(int folder_fd, const char *name, char **ret_data, size_t *ret_n)
{
    _cleanup_close_ int fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    _cleanup_free_ char *data = NULL;
    struct stat st;
    ssize_t n;
    int r = fd < 0 || fstat(fd, &st) < 0 ? -errno : check_file(&st);

    if (r < 0)
        return r;
    data = malloc((size_t) st.st_size);
    n = data ? read(fd, data, (size_t) st.st_size) : -1;
    if (n != st.st_size)
        return n < 0 ? -errno : -EINVAL;
    *ret_n = (size_t) n;
    *ret_data = data;
    data = NULL;
    return 0;
}

int seccomp_cache_find(int root_fd, const char *text, size_t size, struct seccomp_cached *ret)
{
    _cleanup_close_ int folder = open_folder(root_fd);
    _cleanup_free_ char *data = NULL;
    size_t n = 0;
    int r = folder < 0 ? folder : read_file(folder, name_of(text, size).text, &data, &n);

    if (r < 0)
        return r == -ENOENT ? 0 : r;
    return seccomp_cache_parse(data, n, text, size, ret);
}

/* ---- keeping ---- */

static int make_folder(int root_fd)
{
    if (mkdirat(root_fd, SECCOMP_CACHE_FOLDER, 0700) < 0 && errno != EEXIST)
        return -errno;
    return open_folder(root_fd);
}

static bool is_older(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* How many files there are, and in OLDEST the name of the oldest. */
static int find_oldest(int folder_fd, char oldest[256], size_t *ret_n)
{
    int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;
    struct timespec time = { 0 };
    struct stat st;

    *ret_n = 0;
    if (!folder) {
        int r = -errno;

        fd_closep(&fd);
        return r;
    }
    while ((entry = readdir(folder))) {
        if (entry->d_name[0] == '.' || fstatat(folder_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (++*ret_n == 1 || is_older(&st.st_mtim, &time)) {
            time = st.st_mtim;
            snprintf(oldest, 256, "%s", entry->d_name);
        }
    }
    closedir(folder);
    return 0;
}

/* Room for one more. */
static int make_room(int folder_fd)
{
    char oldest[256];
    size_t n;
    int r;

    while ((r = find_oldest(folder_fd, oldest, &n)) == 0 && n >= SECCOMP_CACHE_FILES)
        if (unlinkat(folder_fd, oldest, 0) < 0 && errno != ENOENT)
            return -errno;
    return r;
}

/* A file without a name is gone if we are killed; it gets its name when it is whole. */
static int write_file(int folder_fd, const char *name, const void *data, size_t n)
{
    _cleanup_close_ int fd = openat(folder_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    char path[32];
    int r = fd < 0 ? -errno : fd_write_all(fd, data, n);

    if (r == 0 && unlinkat(folder_fd, name, 0) < 0 && errno != ENOENT) /* one that was not believed */
        r = -errno;
    if (r == 0)
        r = make_room(folder_fd);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (r == 0 && linkat(AT_FDCWD, path, folder_fd, name, AT_SYMLINK_FOLLOW) < 0)
        r = errno == EEXIST ? 0 : -errno; /* somebody was faster */
    return r;
}

int seccomp_cache_keep(int root_fd, const char *text, size_t size, const struct seccomp_cached *what)
{
    _cleanup_close_ int folder = make_folder(root_fd);
    _cleanup_free_ void *data = NULL;
    size_t n = 0;

    if (folder < 0)
        return folder;
    data = seccomp_cache_format(text, size, what, &n);
    if (!data)
        return -ENOMEM;
    return n > SECCOMP_CACHE_LIMIT ? -EFBIG : write_file(folder, name_of(text, size).text, data, n);
}

void seccomp_cached_done(struct seccomp_cached *cached)
{
    seccomp_filter_done(&cached->filter);
    free(cached->notes);
    *cached = (struct seccomp_cached){ 0 };
}
