// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which containers there are: the names below the root that are ids and directories. Containers come and go while the
 * list is read, so what vanishes meanwhile is passed over.
 */
#include "state/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "state/id.h"

struct id_list {
    char **ids;
    size_t n, capacity;
};

static void id_list_done(struct id_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->ids[i]);
    free(list->ids);
}

static int id_list_add(struct id_list *list, const char *id)
{
    if (list->n == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 16;
        char **larger = realloc(list->ids, capacity * sizeof *larger);

        if (!larger)
            return -ENOMEM;
        list->ids = larger;
        list->capacity = capacity;
    }
    list->ids[list->n] = strdup(id);
    if (!list->ids[list->n])
        return -ENOMEM;
    list->n++;
    return 0;
}

static bool is_directory(int root_fd, const struct dirent *entry)
{
    struct stat st;

    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_DIR;
    return fstatat(root_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* An id too long for a file name stands in its state.json; one that is not there (yet) cannot be told. */
static int add_cut(struct id_list *list, int root_fd, const char *name)
{
    _cleanup_close_ int fd = openat(root_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct arena arena = { 0 };
    struct state state;
    int r = fd < 0 ? 0 : arena_init(&arena, ARENA_DEFAULT_SIZE, NULL);

    if (fd < 0 || r < 0)
        return r;
    if (state_read(fd, NULL, &state, &arena, NULL) == 0)
        r = id_list_add(list, state.id);
    arena_done(&arena);
    return r;
}

static int add_entry(struct id_list *list, int root_fd, const struct dirent *entry)
{
    if (!is_directory(root_fd, entry))
        return 0;
    if (id_is_cut(entry->d_name))
        return add_cut(list, root_fd, entry->d_name);
    return state_check_id(entry->d_name, NULL) == 0 ? id_list_add(list, entry->d_name) : 0;
}

static int read_entries(struct id_list *list, int root_fd, DIR *dir)
{
    const struct dirent *entry;

    while ((errno = 0, entry = readdir(dir))) {
        int r = add_entry(list, root_fd, entry);

        if (r < 0)
            return r;
    }
    return -errno;
}

static int read_root(struct id_list *list, int root_fd)
{
    _cleanup_close_ int fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    int r;

    if (!dir)
        return -errno;
    take_fd(&fd);
    r = read_entries(list, root_fd, dir);
    closedir(dir);
    return r;
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

int state_ids(int root_fd, char ***ret_ids, size_t *ret_n, struct error *err)
{
    struct id_list list = { 0 };
    int r = root_fd < 0 ? 0 : read_root(&list, root_fd);

    if (r < 0) {
        id_list_done(&list);
        return error_errno(err, r, "list the state root");
    }
    if (list.n > 1)
        qsort(list.ids, list.n, sizeof *list.ids, compare_ids);
    *ret_ids = list.ids;
    *ret_n = list.n;
    return 0;
}
