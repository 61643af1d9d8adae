// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What mounts name: sources, types, and options of file systems. The kernel is asked by fsopen(2) and fsconfig(2), which make
 * nothing before they are told to; for an ordinary user, or without these calls, only sources are looked at. Options are
 * tried one by one: which go together, and what lies at the destination, is known to a launch alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "container/check.h"
#include "launch/file_system.h"
#include "plan/mount_options.h"

struct mount_check {
    struct checking *checking;
    const struct spec_mount *mount;
    const char *bundle;
    size_t index;
    struct mount_options options;
};

static bool is_one_of(const char *type, const char *const *types)
{
    for (; *types; types++)
        if (strcmp(*types, type) == 0)
            return true;
    return false;
}

static bool is_bind(const struct mount_check *c, const char *type)
{
    static const char *const types[] = { "bind", "rbind", NULL };

    return c->options.bind || is_one_of(type, types);
}

static void check_bind(const struct mount_check *c)
{
    bool itself = c->options.source_no_follow || c->options.copy_symlink;
    const char *source = c->mount->source;
    char path[PATH_MAX];
    struct stat st;

    if (!source || !*source ||
        snprintf(path, sizeof path, "%s%s%s", source[0] == '/' ? "" : c->bundle, source[0] == '/' ? "" : "/", source) >=
            (int) sizeof path)
        return;
    if (fstatat(AT_FDCWD, path, &st, itself ? AT_SYMLINK_NOFOLLOW : 0) < 0)
        check_reportf(c->checking, "mounts[%zu].source: \"%s\": %s", c->index, path, errno_text(errno));
}

/* proc(5): what stands in /proc/filesystems without "nodev". */
static bool needs_device(const char *type)
{
    _cleanup_free_ char *list = NULL;
    char line[64];

    if (file_read(AT_FDCWD, "/proc/filesystems", 1 << 16, &list, NULL) < 0 ||
        snprintf(line, sizeof line, "\n\t%s\n", type) >= (int) sizeof line)
        return false;
    return strstr(list, line);
}

static void check_device(const struct mount_check *c)
{
    const char *source = c->mount->source;
    struct stat st;

    if (!source || source[0] != '/' || !needs_device(c->mount->type))
        return;
    if (stat(source, &st) < 0)
        check_reportf(c->checking, "mounts[%zu].source: \"%s\": %s", c->index, source, errno_text(errno));
    else if (!S_ISBLK(st.st_mode))
        check_reportf(c->checking, "mounts[%zu].source: \"%s\" is not a block device", c->index, source);
}

/* The ids of an owner are the container's, not ours. */
static bool is_owner(const char *option)
{
    return strncmp(option, "uid=", 4) == 0 || strncmp(option, "gid=", 4) == 0;
}

static void check_options(const struct mount_check *c)
{
    /* in whose place there may be something that is made otherwise, and takes any */
    static const char *const others[] = { "cgroup", "cgroup2", "proc", "sysfs", "mqueue", NULL };

    if (is_one_of(c->mount->type, others))
        return;
    for (size_t i = 0; i < c->options.n_data; i++) {
        struct error err = { 0 };

        if (!is_owner(c->options.data[i]) && file_system_takes(c->mount->type, c->options.data[i], &err) < 0)
            check_reportf(c->checking, "mounts[%zu].options: \"%s\": %s", c->index, c->options.data[i], err.text);
    }
}

static void check_mount(const struct mount_check *c)
{
    const char *type = c->mount->type ? c->mount->type : "";

    if (c->options.remount)
        return;
    if (is_bind(c, type)) {
        check_bind(c);
    } else if (*type && !file_system_known(type)) {
        check_reportf(c->checking, "mounts[%zu].type: this kernel has no file system \"%s\"", c->index, type);
    } else if (*type) {
        check_device(c);
        check_options(c);
    }
}

void check_mounts(struct checking *checking, const struct spec *spec, const char *bundle)
{
    _cleanup_(arena_done) struct arena arena = { 0 };

    if (arena_init(&arena, ARENA_DEFAULT_SIZE, NULL) < 0)
        return;
    for (size_t i = 0; i < spec->n_mounts; i++) {
        struct mount_check c = { .checking = checking, .mount = &spec->mounts[i], .bundle = bundle, .index = i };

        mount_options_parse(&c.options, c.mount->options, c.mount->n_options, &arena);
        if (!arena.failed)
            check_mount(&c);
    }
}
