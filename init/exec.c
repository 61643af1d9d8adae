// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The last rows: working directory, HOME, and the program. A name without a slash is looked for in PATH of the
 * container's environment, as execvp(3) does it: a file that may not be executed is remembered, and said only when
 * no other is found.
 */
#include "init/init.h"
#include "sys/memory.h"
#include "sys/mounts.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* ---- working directory ---- */

/* Opened beneath the root and without magic links: "/proc/self/fd/N" leads nowhere (CVE-2024-21626). */
int init_cwd(struct init *init, const struct op_cwd *op)
{
    const char *path = init_str(init, op->path);
    _cleanup_close_ int fd = -1;
    int r;

    if (op->create && init->pivoted && path_is_root(path))
        return 0; /* where PIVOT has left us */
    if (!path_is_root(path))
        r = fd = op->create ? path_make(init, path, S_IFDIR | 0755, 0, NULL) : path_open(init, path, 0);
    else
        r = init->root_fd;
    if (r >= 0)
        r = sys_fchdir(r);
    return r < 0 ? init_fail(init, r, "chdir", path) : 0;
}

/* ---- the program ---- */

static const char *env_value(char *const *env, const char *prefix)
{
    for (; *env; env++)
        if (text_starts(*env, prefix))
            return *env + strlen(prefix);
    return NULL;
}

/* 0, or why it cannot be executed. Only what execve would say for certain counts. */
static int check_program(const char *path)
{
    struct stat st;
    int r = sys_faccessat(AT_FDCWD, path, X_OK);

    if (r == -ENOENT || r == -ENOTDIR || r == -EACCES || r == -ELOOP || r == -ENAMETOOLONG)
        return r;
    r = sys_fstatat(AT_FDCWD, path, &st, 0);
    return r == 0 && S_ISDIR(st.st_mode) ? -EACCES : 0;
}

static bool join_path(struct init *init, const char *dir, size_t length, const char *name)
{
    struct text text = text_init(init->program, sizeof init->program);

    text_put_bytes(&text, length ? dir : ".", length ? length : 1);
    text_put(&text, "/");
    text_put(&text, name);
    return !text.cut;
}

static int search(struct init *init, const char *path, const char *name)
{
    int result = -ENOENT;

    for (;;) {
        size_t length = 0;
        int r;

        while (path[length] && path[length] != ':')
            length++;
        r = join_path(init, path, length, name) ? check_program(init->program) : -ENOENT;
        if (r == 0)
            return 0;
        if (r == -EACCES)
            result = r;
        if (!path[length])
            break;
        path += length + 1;
    }
    init->program[0] = '\0';
    return result;
}

/* Find NAME; PATH is that of the container's environment, or NULL. */
static int find_in_path(struct init *init, const char *name, const char *path)
{
    int r = *name ? search(init, path ? path : DEFAULT_PATH, name) : -ENOENT;

    if (r == -ENOENT)
        return init_explain(init, r, "executable file not found in $PATH");
    return r < 0 ? init_fail(init, r, "execve", name) : 0;
}

static int find_by_path(struct init *init, const char *name)
{
    struct text text = text_init(init->program, sizeof init->program);
    int r = check_program(name);

    text_put(&text, name);
    if (text.cut)
        r = -ENAMETOOLONG;
    return r < 0 ? init_fail(init, r, "execve", name) : 0;
}

static int find(struct init *init, const char *name, const char *path)
{
    return text_contains(name, '/') ? find_by_path(init, name) : find_in_path(init, name, path);
}

/* While `create` still listens: what is certain to fail is not left for `start`. */
int init_find(struct init *init, const struct op_find *op)
{
    return find(init, init_str(init, op->name), init_str(init, op->path));
}

/* ---- HOME ---- */

/* Whether ENV had a variable that begins with PREFIX, whose place ENTRY has now. */
static bool replace(char **env, const char *prefix, char *entry)
{
    for (; *env; env++)
        if (text_starts(*env, prefix)) {
            *env = entry;
            return true;
        }
    return false;
}

/* Room for N pointers more; a mapping of its own where there are many. */
static char **list_room(struct init *init, uint32_t n)
{
    char **list = n <= ENVIRONMENT_ROOM
                      ? init->environment_room
                      : sys_mmap(n * sizeof *list, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    int r = n <= ENVIRONMENT_ROOM ? 0 : sys_mmap_failed(list);

    if (r < 0)
        init_fail(init, r, "mmap", "environment");
    return r < 0 ? NULL : list;
}

/* Put HOME into ENV: in the place of the old one, or in a copy that has room for it. NULL with the failure noted. */
static char **with_home(struct init *init, char **env, uint32_t n)
{
    char **copy;

    if (replace(env, "HOME=", init->home))
        return env;
    copy = list_room(init, n + 2);
    if (!copy)
        return NULL;
    memcpy(copy, env, n * sizeof *copy);
    copy[n] = init->home;
    copy[n + 1] = NULL;
    return copy;
}

/* The environment of EXEC with what was found out since. NULL with the failure noted. */
static char **environment(struct init *init, const struct op_exec *op)
{
    char **env = blob_list(init->blob, op->env);

    if (init->listen_pid[0])
        replace(env, "LISTEN_PID=", init->listen_pid);
    return init->home[0] ? with_home(init, env, op->env.n) : env;
}

int exec_prepare(struct init *init)
{
    const struct op *last = &init->ops[init->n_ops - 1];

    if (process_release(init) < 0)
        return init->failure.code;
    process_reset_signals(init);
    sys_umask(init->umask);
    if (last->kind == OP_EXEC)
        init->environment = environment(init, &last->exec);
    return last->kind == OP_EXEC && !init->environment ? init->failure.code : 0;
}

int init_listen_pid(struct init *init, const struct op_listen_pid *op)
{
    struct text text = text_init(init->listen_pid, sizeof init->listen_pid);

    (void) op;
    text_put(&text, "LISTEN_PID=");
    text_put_number(&text, sys_getpid());
    if (init->environment) /* made before a filter that is in force already */
        replace(init->environment, "LISTEN_PID=", init->listen_pid);
    return 0;
}

int init_exec(struct init *init, const struct op_exec *op)
{
    char **args = blob_list(init->blob, op->args);
    int r;

    if (!args[0])
        return init_explain(init, -EINVAL, "no program to execute");
    r = init->program[0] ? 0 : find(init, args[0], env_value(blob_list(init->blob, op->env), "PATH="));
    if (r >= 0 && !init->environment)
        r = exec_prepare(init);
    if (r < 0)
        return r;
    r = sys_execve(init->program, args, init->environment);
    init_fail(init, r, "execve", args[0]);
    if (init->filtered && (r == -EPERM || r == -ENOSYS))
        init_hint(init, "(does the seccomp profile allow it?)");
    return r;
}
