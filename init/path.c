// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Look-ups beneath the container's root. The tree is hostile and may change while we look: symbolic links point
 * anywhere, directories are renamed under us. So nothing is ever looked up by a whole path from "/":
 *
 *   - openat2(RESOLVE_IN_ROOT) on the root's descriptor where the kernel has it;
 *   - otherwise, and whenever something must be made on the way, a walk: one component at a time, each opened
 *     O_PATH|O_NOFOLLOW in the directory before it, links read from the descriptor and their text walked in the same
 *     way, ".." answered from the stack of descriptors that led here and never asked of the file system.
 *
 * The result is a descriptor, and all later steps work on it alone.
 */
#include "init/init.h"

enum {
    WALK_DEPTH = 256,               /* directories below the root */
    WALK_LINKS = 40,                /* as the kernel's MAXSYMLINKS */
    WALK_REST = 2 * INIT_PATH_SIZE, /* what is still to walk, with the links that were put before it */
    WALK_RETRIES = 64,              /* openat2 gives EAGAIN while somebody renames; a racer must not hold us for ever */
};

struct walk {
    int root_fd;
    int stack[WALK_DEPTH];
    unsigned depth, links, how;
    unsigned mode; /* of what is made at the end, 0: nothing is made */
    bool made;
    char *at;
    char rest[WALK_REST];
};

static int walk_here(const struct walk *walk)
{
    return walk->depth ? walk->stack[walk->depth - 1] : walk->root_fd;
}

static void walk_up(struct walk *walk)
{
    if (walk->depth)
        sys_close(walk->stack[--walk->depth]);
}

static int walk_down(struct walk *walk, int fd)
{
    if (walk->depth == WALK_DEPTH) {
        sys_close(fd);
        return -ENAMETOOLONG;
    }
    walk->stack[walk->depth++] = fd;
    return 0;
}

/* Put TEXT before what is left of the path: at the end of the buffer, which is filled from behind. */
static int walk_prepend(struct walk *walk, const char *text, size_t length)
{
    if ((size_t) (walk->at - walk->rest) < length + 1)
        return -ENAMETOOLONG;
    *--walk->at = '/';
    walk->at -= length;
    memcpy(walk->at, text, length);
    return 0;
}

static int walk_link(struct walk *walk, int link_fd)
{
    char target[INIT_PATH_SIZE];
    long length = sys_readlinkat(link_fd, "", target, sizeof target);

    if (length < 0)
        return (int) length;
    if (length == 0)
        return -ENOENT;
    if (length == sizeof target)
        return -ENAMETOOLONG;
    if (walk->how & PATH_PLAIN || ++walk->links > WALK_LINKS)
        return -ELOOP;
    while (target[0] == '/' && walk->depth)
        walk_up(walk);
    return walk_prepend(walk, target, (size_t) length);
}

static int make(int dir_fd, const char *name, unsigned mode)
{
    int fd;

    if (S_ISDIR(mode))
        return sys_mkdirat(dir_fd, name, mode & 07777);
    fd = sys_openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 07777);
    return fd < 0 ? fd : sys_close(fd);
}

static int open_component(struct walk *walk, const char *name, bool last)
{
    const int flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
    int dir_fd = walk_here(walk), fd = sys_openat(dir_fd, name, flags, 0), r;

    if (fd != -ENOENT || !walk->mode)
        return fd;
    r = make(dir_fd, name, last ? walk->mode : S_IFDIR | 0755);
    if (r < 0 && r != -EEXIST)
        return r;
    walk->made = last && r == 0;
    return sys_openat(dir_fd, name, flags, 0);
}

static int walk_component(struct walk *walk, const char *name, bool last)
{
    _cleanup_close_ int fd = open_component(walk, name, last);
    struct stat st;
    int r;

    if (fd < 0)
        return fd;
    r = sys_fstat(fd, &st);
    if (r < 0)
        return r;
    if (S_ISLNK(st.st_mode) && !(last && walk->how & PATH_NO_FOLLOW))
        return walk_link(walk, fd);
    if ((!last || walk->how & PATH_DIRECTORY) && !S_ISDIR(st.st_mode))
        return -ENOTDIR;
    return walk_down(walk, take_fd(&fd));
}

/* Cut the next component off; an empty string at the end. */
static const char *walk_next(struct walk *walk)
{
    char *name;

    while (*walk->at == '/')
        walk->at++;
    name = walk->at;
    while (*walk->at && *walk->at != '/')
        walk->at++;
    if (*walk->at)
        *walk->at++ = '\0';
    while (*walk->at == '/')
        walk->at++;
    return name;
}

static int walk_all(struct walk *walk)
{
    for (;;) {
        const char *name = walk_next(walk);
        int r = 0;

        if (!*name)
            return 0;
        if (text_equal(name, ".."))
            walk_up(walk);
        else if (!text_equal(name, "."))
            r = walk_component(walk, name, !*walk->at);
        if (r < 0)
            return r;
    }
}

static int walk_path(struct walk *walk, const char *path)
{
    size_t length = strlen(path);
    int r;

    if (length + 2 > sizeof walk->rest)
        return -ENAMETOOLONG;
    walk->at = walk->rest + sizeof walk->rest - 1;
    *walk->at = '\0';
    r = walk_prepend(walk, path, length);
    if (r == 0)
        r = walk_all(walk);
    if (r == 0)
        r = walk->depth ? walk->stack[--walk->depth] : sys_fcntl(walk->root_fd, F_DUPFD_CLOEXEC, 0);
    while (walk->depth)
        walk_up(walk);
    return r;
}

/* Not initialised as a whole: the buffers are large, and only what is used of them costs a page. */
static int walk_from(const struct init *init, const char *path, unsigned mode, unsigned how, bool *ret_made)
{
    struct walk walk;
    int r;

    walk.root_fd = init->root_fd;
    walk.depth = walk.links = 0;
    walk.how = how;
    walk.mode = mode;
    walk.made = false;
    r = walk_path(&walk, path);
    if (ret_made)
        *ret_made = walk.made;
    return r;
}

static int open_in_root(const struct init *init, const char *path, unsigned how)
{
    struct sys_open_how open_how = {
        .flags =
            O_PATH | O_CLOEXEC | (how & PATH_NO_FOLLOW ? O_NOFOLLOW : 0) | (how & PATH_DIRECTORY ? O_DIRECTORY : 0),
        .resolve = SYS_RESOLVE_IN_ROOT | SYS_RESOLVE_NO_MAGICLINKS | (how & PATH_PLAIN ? SYS_RESOLVE_NO_SYMLINKS : 0),
    };
    int r = -EAGAIN;

    if (init->no_openat2)
        return -ENOSYS;
    for (unsigned i = 0; i < WALK_RETRIES && r == -EAGAIN; i++)
        r = sys_openat2(init->root_fd, *path ? path : "/", &open_how);
    return r;
}

/* EPERM is a sandbox's filter (O_PATH asks for no permission that gives it), EAGAIN somebody who never stops renaming. */
static bool must_walk(int code)
{
    return code == -ENOSYS || code == -EPERM || code == -EAGAIN;
}

int path_open(const struct init *init, const char *path, unsigned how)
{
    int r = open_in_root(init, path, how);

    return must_walk(r) ? walk_from(init, path, 0, how, NULL) : r;
}

int path_split(const char *path, char name[PATH_NAME_SIZE])
{
    size_t end = strlen(path), begin;

    while (end && path[end - 1] == '/')
        end--;
    for (begin = end; begin && path[begin - 1] != '/';)
        begin--;
    if (end - begin >= PATH_NAME_SIZE || begin >= INIT_PATH_SIZE)
        return -ENAMETOOLONG;
    memcpy(name, path + begin, end - begin);
    name[end - begin] = '\0';
    return !*name || text_equal(name, ".") || text_equal(name, "..") ? -EINVAL : (int) begin;
}

/* PATH without its last component in PARENT, and that in NAME. */
static int split_parent(const char *path, char parent[INIT_PATH_SIZE], char name[PATH_NAME_SIZE])
{
    int length = path_split(path, name);

    if (length < 0)
        return length;
    memcpy(parent, path, (size_t) length);
    parent[length] = '\0';
    return 0;
}

/* The directory that is to hold PATH, as far as the kernel finds it, and the last component in NAME. */
static int open_parent(const struct init *init, const char *path, unsigned how, char name[PATH_NAME_SIZE])
{
    char parent[INIT_PATH_SIZE];
    int r = split_parent(path, parent, name);

    if (r < 0)
        return r;
    return open_in_root(init, parent, (how & PATH_PLAIN) | PATH_DIRECTORY);
}

/* What is mostly missing is a directory in one that is there: no walk is needed. Anything in its way (a link that leads
 * nowhere, somebody who is faster) and whatever else is odd is left to the walk: -ENOENT. */
static int make_directory(const struct init *init, const char *path, unsigned mode, unsigned how)
{
    char name[PATH_NAME_SIZE];
    _cleanup_close_ int parent_fd = open_parent(init, path, how, name);

    if (parent_fd < 0 || sys_mkdirat(parent_fd, name, mode & 07777) < 0)
        return -ENOENT;
    return sys_openat(parent_fd, name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC, 0);
}

int path_make(const struct init *init, const char *path, unsigned mode, unsigned how, bool *ret_made)
{
    int r = open_in_root(init, path, how);

    if (ret_made)
        *ret_made = false;
    if (r == -ENOENT && S_ISDIR(mode)) {
        r = make_directory(init, path, mode, how);
        if (ret_made)
            *ret_made = r >= 0;
    }
    return r == -ENOENT || must_walk(r) ? walk_from(init, path, mode, how, ret_made) : r;
}

int path_make_parent(const struct init *init, const char *path, char name[PATH_NAME_SIZE])
{
    char parent[INIT_PATH_SIZE];
    int r = split_parent(path, parent, name);

    if (r < 0)
        return r;
    return path_make(init, parent, S_IFDIR | 0755, 0, NULL);
}

int path_reopen(const struct init *init, int fd, int flags)
{
    char link[32];
    struct text text = text_init(link, sizeof link);

    text_put(&text, "self/fd/");
    text_put_number(&text, fd);
    return sys_openat(init->proc_fd, link, flags | O_CLOEXEC, 0);
}

bool path_is_root(const char *path)
{
    for (; *path; path++)
        if (*path != '/' && !(*path == '.' && (path[1] == '/' || !path[1])))
            return false;
    return true;
}
