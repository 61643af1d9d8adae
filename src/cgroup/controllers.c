// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * On v2 a cgroup has a controller if each cgroup above has it in cgroup.subtree_control. Usually that is so already,
 * and one look at the parent tells: what a parent gives, those above it give too. Only when something is missing the
 * path is walked from the top, one controller a write, so that an error can name it.
 */
#include "cgroup/controllers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "cgroup/dir.h"

#define CONTROLLER_NAME_SIZE 64

/* Cut the next word off *LIST; false at its end. */
static bool next_controller(const char **list, char name[CONTROLLER_NAME_SIZE], bool *ret_optional)
{
    size_t length;

    *list += strspn(*list, " ");
    *ret_optional = **list == '?';
    *list += *ret_optional;
    length = strcspn(*list, " ");
    if (length == 0 || length >= CONTROLLER_NAME_SIZE)
        return false;
    memcpy(name, *list, length);
    name[length] = '\0';
    *list += length;
    return true;
}

/* Whether the cgroup at DIR gives all of ENABLE to its children. */
static bool gives_all(const struct cgroup_dir *dir, const char *enable)
{
    _cleanup_free_ char *given = NULL;
    char name[CONTROLLER_NAME_SIZE];
    bool optional;

    if (cgroup_read_record(dir, "cgroup.subtree_control", &given) < 0)
        return false;
    while (next_controller(&enable, name, &optional))
        if (!cgroup_list_names(given, name))
            return false;
    return true;
}

static int explain_missing(const struct cgroup_dir *dir, const char *name, struct error *err)
{
    _cleanup_free_ char *available = NULL;

    if (cgroup_read(dir, "cgroup.controllers", &available) >= 0)
        available[strcspn(available, "\n")] = '\0';
    return error_set(err, -ENOENT, "no cgroup controller \"%s\" is available in \"%s%s\" (available: %s)", name,
                     dir->mount, dir->path, available && available[0] ? available : "none");
}

static int explain_enable(const struct cgroup_dir *dir, const char *name, int code, struct error *err)
{
    if (code == -ENOENT || code == -EINVAL)
        return explain_missing(dir, name, err);
    error_errno(err, code, "enable cgroup controller \"%s\" in \"%s%s\"", name, dir->mount, dir->path);
    if (code == -EBUSY)
        error_append(err, " (this cgroup has processes of its own, and one that gives controllers to its children may "
                          "have none: move them into a child, or choose another linux.cgroupsPath)");
    if (code == -EOPNOTSUPP)
        error_append(err, "%s", cgroup_type_hint(dir));
    return code;
}

/*
 * Whether DIR has processes that stand in the way of its giving controllers. The kernel itself says EBUSY for some
 * controllers only: given a threaded one (cpu, pids, cpuset) it makes DIR a threaded domain, in whose new children
 * nothing can run ("domain invalid"). The root of the hierarchy, which has no cgroup.type, may have both.
 */
static bool is_occupied(const struct cgroup_dir *dir)
{
    _cleanup_free_ char *type = NULL, *processes = NULL;

    return cgroup_read(dir, "cgroup.type", &type) >= 0 && strcmp(type, "domain\n") == 0 &&
           cgroup_read(dir, "cgroup.procs", &processes) >= 0 && processes[0] != '\0';
}

static int enable_here(const struct cgroup_dir *dir, const char *enable, struct error *err)
{
    char name[CONTROLLER_NAME_SIZE], text[CONTROLLER_NAME_SIZE + 1];
    _cleanup_free_ char *given = NULL;
    bool optional, occupied = is_occupied(dir);

    if (cgroup_read_record(dir, "cgroup.subtree_control", &given) < 0)
        given = NULL;
    while (next_controller(&enable, name, &optional)) {
        int r;

        if (given && cgroup_list_names(given, name))
            continue;
        snprintf(text, sizeof text, "+%s", name);
        r = occupied ? -EBUSY : cgroup_write_raw(dir, "cgroup.subtree_control", text);
        if (r < 0 && !optional)
            return explain_enable(dir, name, r, err);
    }
    return 0;
}

/* The cgroup above DIR; its path goes to BUFFER. DIR is not the root. */
static struct cgroup_dir parent_of(const struct cgroup_dir *dir, char buffer[CGROUP_PATH_SIZE])
{
    struct cgroup_dir parent = *dir;
    char *slash;

    snprintf(buffer, CGROUP_PATH_SIZE, "%s", dir->path);
    slash = strrchr(buffer, '/');
    slash[slash == buffer] = '\0';
    parent.path = buffer;
    return parent;
}

int cgroup_enable(const struct cgroup_dir *dir, const char *enable, struct error *err)
{
    char path[CGROUP_PATH_SIZE];
    struct cgroup_dir above = parent_of(dir, path);

    if (gives_all(&above, enable))
        return 0;
    for (const char *end = dir->path; end; end = strchr(end + 1, '/')) {
        size_t length = (size_t) (end - dir->path);
        int r;

        snprintf(path, sizeof path, "%.*s", length ? (int) length : 1, dir->path);
        r = enable_here(&above, enable, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- cpuset of v1 ---- */

static bool is_blank(const char *text)
{
    return text[strspn(text, " \n")] == '\0';
}

/* The value of FILE at DIR, filled from above if it is empty there. malloc'd. */
static int fill_file(const struct cgroup_dir *dir, const char *file, char **ret_value, struct error *err)
{
    _cleanup_free_ char *value = NULL, *inherited = NULL;
    char path[CGROUP_PATH_SIZE];
    struct cgroup_dir parent;
    int r = cgroup_read(dir, file, &value);

    if (r < 0)
        return error_errno(err, r, "read \"%s%s/%s\"", dir->mount, dir->path, file);
    if (!is_blank(value) || strcmp(dir->path, "/") == 0) {
        *ret_value = value;
        value = NULL;
        return 0;
    }
    parent = parent_of(dir, path);
    r = fill_file(&parent, file, &inherited, err);
    if (r >= 0)
        r = cgroup_write(dir, file, inherited, err);
    if (r < 0)
        return r;
    *ret_value = inherited;
    inherited = NULL;
    return 0;
}

int cgroup_fill_cpuset(const struct cgroup_dir *dir, struct error *err)
{
    static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        _cleanup_free_ char *value = NULL;
        int r = fill_file(dir, files[i], &value, err);

        if (r < 0)
            return r;
    }
    return 0;
}
