// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Standard streams. Their other ends are outside (an engine's pipes, a log file, the host's /dev/null), so that CRIU can
 * only be told: these three are known, and at the restore these descriptors take their place. The names of the three
 * are kept in descriptors.json, an array: "pipe:[17]" as runc has it too, "file[MOUNT:INODE]" and "tty[RDEV:DEV]" as
 * criu(8) has them, or what the link says for those that lie in the container and need no help. More names than three: each is the
 * host's /dev/null, by other numbers.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "cgroup/cgroup.h"
#include "container/criu.h"
#include "host/host.h"
#include "spec/load.h"
#include "spec/parse.h"

#define DESCRIPTORS_FILE "descriptors.json"

enum { N_STREAMS = 3, N_NAMES = 64, TTY_MAJOR_FIRST = 4, TTY_MAJOR_AUX = 5 };

/* ---- for a dump ---- */

/* What the names are found by: the container's mounts. */
struct look {
    struct criu_call *call;
    struct mount_entry *mounts;
    size_t n_mounts;
    const char **names; /* the streams' first, then those of every /dev/null of the host */
    size_t n_names;
};

static bool is_inside(const struct look *look, int mount)
{
    for (size_t i = 0; i < look->n_mounts; i++)
        if (look->mounts[i].id == mount)
            return true;
    return mount < 0; /* CRIU will find out */
}

/* A terminal's number, for the few kinds that people sit at: consoles, serial lines, pseudo-terminals. */
static bool is_terminal(const struct stat *st)
{
    unsigned number = S_ISCHR(st->st_mode) ? major(st->st_rdev) : 0;

    return number == TTY_MAJOR_FIRST || number == TTY_MAJOR_AUX || (number >= 136 && number <= 143);
}

static bool is_null(const struct stat *st)
{
    return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

/* The name of descriptor FD for CRIU, if it has to be told of it; otherwise what the link says. *RET_NULL: it is the
 * host's /dev/null. */
static const char *descriptor_name(const struct look *look, int pid, const char *fd, bool *ret_null)
{
    struct arena *arena = look->call->arena;
    char path[64], link[PATH_MAX];
    struct stat st;
    ssize_t n;
    int mount;

    *ret_null = false;
    snprintf(path, sizeof path, "/proc/%d/fd/%.16s", pid, fd);
    n = readlink(path, link, sizeof link - 1);
    if (n < 0)
        return "";
    link[n] = '\0';
    mount = link[0] == '/' ? criu_mount_of(pid, atoi(fd)) : -1;
    if (is_inside(look, mount) || stat(path, &st) < 0)
        return arena_strdup(arena, link);
    if (is_terminal(&st))
        return arena_printf(arena, "tty[%llx:%llx]", (unsigned long long) st.st_rdev, (unsigned long long) st.st_dev);
    *ret_null = is_null(&st);
    return arena_printf(arena, "file[%x:%llx]", (unsigned) mount, (unsigned long long) st.st_ino);
}

static bool is_known(const struct look *look, const char *name)
{
    for (size_t i = 0; i < look->n_names; i++)
        if (strcmp(look->names[i], name) == 0)
            return true;
    return false;
}

/* A program that has redirected a stream for a while keeps it by another number, and its children have it too. What it
 * was, only /dev/null tells by itself. */
static void look_at_process(struct look *look, int pid)
{
    char path[64];
    DIR *dir;
    const struct dirent *entry;

    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    dir = opendir(path);
    while (dir && (entry = readdir(dir)) && look->n_names < N_NAMES) {
        bool null;
        const char *name = entry->d_name[0] == '.' ? "" : descriptor_name(look, pid, entry->d_name, &null);

        if (entry->d_name[0] != '.' && null && name && !is_known(look, name))
            look->names[look->n_names++] = name;
    }
    if (dir)
        closedir(dir);
}

static void look_at_others(struct look *look, const struct cgroup_dir *cgroup)
{
    _cleanup_free_ pid_t *pids = NULL;
    size_t n = 0;

    if (cgroup && cgroup_pids(cgroup, &pids, &n, NULL) < 0)
        return;
    for (size_t i = 0; i < n; i++)
        look_at_process(look, pids[i]);
}

static int write_names(const struct look *look, struct error *err)
{
    const struct criu_call *call = look->call;
    _cleanup_(jw_done) struct json_writer w;
    const char *text;
    size_t size;
    int r;

    jw_init(&w, NULL);
    jw_array_begin(&w);
    for (size_t i = 0; i < look->n_names; i++)
        jw_string(&w, look->names[i]);
    jw_array_end(&w);
    r = jw_finish(&w, &text, &size);
    if (r >= 0)
        r = file_replace(call->image_fd, DESCRIPTORS_FILE, text, size, 0600);
    return r < 0 ? error_errno(err, r, "--image-path: write \"%s/" DESCRIPTORS_FILE "\"", call->image_path) : 0;
}

/* "file[1b:5]" and "tty[...]" are the options of criu as they stand. */
static void add_external(struct criu_call *call, const char *name)
{
    const char *bracket = strchr(name, '[');
    const char *id = arena_strndup(call->arena, bracket + 1, strlen(bracket) - 2);
    const char *kind = arena_strndup(call->arena, name, (size_t) (bracket - name));

    if (id && kind)
        criu_add_external(&call->request, call->arena, kind, id, NULL);
}

static bool is_named(const char *name)
{
    return strncmp(name, "file[", 5) == 0 || strncmp(name, "tty[", 4) == 0;
}

int criu_streams_dump(struct criu_call *call, int pid, const struct cgroup_dir *cgroup, struct error *err)
{
    static const char *const streams[N_STREAMS] = { "0", "1", "2" };
    struct look look = { .call = call, .names = arena_new(call->arena, const char *, N_NAMES) };
    int r = criu_mountinfo(pid, call->arena, &look.mounts, &look.n_mounts, err);
    bool null;

    if (r < 0)
        return r;
    for (int i = 0; look.names && i < N_STREAMS; i++)
        look.names[look.n_names++] = descriptor_name(&look, pid, streams[i], &null);
    if (look.names && !call->arena->failed)
        look_at_others(&look, cgroup);
    if (call->arena->failed)
        return error_errno(err, -ENOMEM, "list the standard streams");
    for (size_t i = 0; i < look.n_names; i++)
        if (is_named(look.names[i]))
            add_external(call, look.names[i]);
    return write_names(&look, err);
}

/* ---- for a restore ---- */

static bool is_inherited(const char *name)
{
    return is_named(name) || strncmp(name, "pipe:", 5) == 0 || strncmp(name, "socket:", 7) == 0;
}

static int inherit_null(struct criu_call *call, const char *name, struct error *err)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    int r = fd < 0 ? error_errno(err, -errno, "open /dev/null") : criu_call_own(call, fd, err);

    if (r >= 0)
        criu_add_inherited(&call->request, call->arena, name, fd);
    return r;
}

static int take_name(struct criu_call *call, size_t i, const char *name, struct error *err)
{
    if (!is_inherited(name))
        return 0;
    if (i >= N_STREAMS)
        return inherit_null(call, name, err);
    criu_add_inherited(&call->request, call->arena, name, (int) i);
    return 0;
}

static int take_names(struct criu_call *call, const struct json_object *array, struct error *err)
{
    int r = 0;

    if (!json_object_is_type(array, json_type_array))
        return error_set(err, -EINVAL, "--image-path: \"%s/" DESCRIPTORS_FILE "\" is no array", call->image_path);
    for (size_t i = 0; r >= 0 && i < N_NAMES && i < json_object_array_length(array); i++) {
        struct json_object *value = json_object_array_get_idx(array, i);
        const char *name = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";

        name = arena_strdup(call->arena, name);
        r = name ? take_name(call, i, name, err) : error_errno(err, -ENOMEM, "list the standard streams");
    }
    return r;
}

static int parse_names(struct criu_call *call, const struct document *document, struct error *err)
{
    struct json_object *array;
    int r = document_parse(document, &array, err);

    if (r < 0)
        return error_prefix(err, "--image-path \"%s\"", call->image_path);
    r = take_names(call, array, err);
    json_object_put(array);
    return r;
}

/* Without the file nothing is inherited: images made by criu itself. */
int criu_streams_restore(struct criu_call *call, struct error *err)
{
    _cleanup_(document_done) struct document document;
    int r = document_read(&document, call->image_fd, DESCRIPTORS_FILE, err);

    if (r == -ENOENT)
        return 0;
    return r < 0 ? error_prefix(err, "--image-path \"%s\"", call->image_path) : parse_names(call, &document, err);
}
