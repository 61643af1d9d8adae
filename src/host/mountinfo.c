// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The cgroup layout out of /proc/self/mountinfo and /proc/self/cgroup (proc(5), cgroups(7)), as pure text work.
 *
 * A line of /proc/self/cgroup names a hierarchy by its controllers ("4:cpu,cpuacct:/x"; "0::/x" is v2); the mount
 * that belongs to it is the one whose super options hold all of them. Of several mounts of one hierarchy the one that
 * shows most is taken: root "/" before any other, the first before later ones. A v2 hierarchy at /sys/fs/cgroup is
 * the whole layout, whatever v1 leftovers are mounted elsewhere.
 */
#include "host/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UNIFIED_MOUNT "/sys/fs/cgroup"

/* A piece of a text that is not ours to change. */
struct span {
    const char *start;
    size_t length;
};

struct mount_line {
    struct span id, device, root, mount_point, type, super_options;
};

static bool span_is(struct span span, const char *text)
{
    return strlen(text) == span.length && memcmp(span.start, text, span.length) == 0;
}

static struct span line_at(const char *text)
{
    return (struct span){ text, strcspn(text, "\n") };
}

static const char *line_after(struct span line)
{
    const char *end = line.start + line.length;

    return *end ? end + 1 : end;
}

/* Cut the piece before SEPARATOR (or all) off REST. */
static struct span cut(struct span *rest, char separator)
{
    const char *at = rest->length ? memchr(rest->start, separator, rest->length) : NULL;
    struct span piece = { rest->start, at ? (size_t) (at - rest->start) : rest->length };
    size_t used = piece.length + (at != NULL);

    rest->start += used;
    rest->length -= used;
    return piece;
}

/* 36 35 98:0 ROOT MOUNT_POINT options [optional fields] - TYPE source SUPER_OPTIONS */
static bool mount_line_parse(struct span rest, struct mount_line *ret)
{
    ret->id = cut(&rest, ' ');
    cut(&rest, ' ');
    ret->device = cut(&rest, ' ');
    ret->root = cut(&rest, ' ');
    ret->mount_point = cut(&rest, ' ');
    while (rest.length > 0 && !span_is(cut(&rest, ' '), "-"))
        ;
    ret->type = cut(&rest, ' ');
    cut(&rest, ' ');
    ret->super_options = cut(&rest, ' ');
    return ret->super_options.length > 0;
}

static bool list_has(struct span list, struct span name)
{
    while (list.length > 0) {
        struct span item = cut(&list, ',');

        if (item.length == name.length && memcmp(item.start, name.start, name.length) == 0)
            return true;
    }
    return false;
}

static bool list_has_all(struct span list, struct span names)
{
    while (names.length > 0)
        if (!list_has(list, cut(&names, ',')))
            return false;
    return true;
}

static int octal_digit(char c)
{
    return c >= '0' && c <= '7' ? c - '0' : -1;
}

/* mountinfo writes blank, tab, line feed and backslash as \ooo. */
static char *unescape(struct arena *arena, struct span span)
{
    char *copy = arena_strndup(arena, span.start, span.length), *to = copy;

    if (!copy)
        return NULL;
    for (const char *from = copy; *from; to++) {
        if (from[0] == '\\' && octal_digit(from[1]) >= 0 && octal_digit(from[2]) >= 0 && octal_digit(from[3]) >= 0) {
            *to = (char) (octal_digit(from[1]) * 64 + octal_digit(from[2]) * 8 + octal_digit(from[3]));
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
    return copy;
}

/* Whether MOUNT is of the hierarchy with CONTROLLERS (none: v2). */
static bool mount_matches(const struct mount_line *mount, struct span controllers)
{
    if (controllers.length == 0)
        return span_is(mount->type, "cgroup2");
    return span_is(mount->type, "cgroup") && list_has_all(mount->super_options, controllers);
}

static bool mount_is_better(const struct mount_line *mount, const struct mount_line *best)
{
    if (!best->root.start)
        return true;
    if (span_is(mount->mount_point, UNIFIED_MOUNT) != span_is(best->mount_point, UNIFIED_MOUNT))
        return span_is(mount->mount_point, UNIFIED_MOUNT);
    return span_is(mount->root, "/") && !span_is(best->root, "/");
}

static bool find_mount(const char *mountinfo, struct span controllers, struct mount_line *ret_best)
{
    *ret_best = (struct mount_line){ 0 };
    while (*mountinfo) {
        struct span line = line_at(mountinfo);
        struct mount_line mount;

        if (mount_line_parse(line, &mount) && mount_matches(&mount, controllers) && mount_is_better(&mount, ret_best))
            *ret_best = mount;
        mountinfo = line_after(line);
    }
    return ret_best->root.start != NULL;
}

/* A path that begins with "/.." lies outside our cgroup namespace: it cannot be named, so it counts as the root. */
static const char *own_path(struct arena *arena, struct span path)
{
    if (path.length == 0 || (path.length >= 3 && memcmp(path.start, "/..", 3) == 0))
        return "/";
    return arena_strndup(arena, path.start, path.length);
}

/* One line of /proc/self/cgroup; adds nothing when its hierarchy is not mounted. */
static int add_hierarchy(struct host_cgroup *cgroup, struct span line, const char *mountinfo, struct arena *arena)
{
    struct span number = cut(&line, ':'), controllers = cut(&line, ':');
    struct cgroup_hierarchy *hierarchy = &cgroup->hierarchies[cgroup->n_hierarchies];
    struct mount_line mount;

    if (number.length == 0 || !find_mount(mountinfo, controllers, &mount))
        return 0;
    *hierarchy = (struct cgroup_hierarchy){
        .mount_point = unescape(arena, mount.mount_point),
        .controllers = arena_strndup(arena, controllers.start, controllers.length),
        .own_path = own_path(arena, line),
        .mount_root = unescape(arena, mount.root),
        .v2 = controllers.length == 0,
    };
    cgroup->n_hierarchies++;
    return arena->failed ? -ENOMEM : 0;
}

static size_t count_lines(const char *text)
{
    size_t n = 0;

    for (; *text; text = line_after(line_at(text)))
        n++;
    return n;
}

/* The v2 hierarchy, if it is mounted where a unified host has it, is all there is. */
static bool keep_unified_only(struct host_cgroup *cgroup)
{
    for (size_t i = 0; i < cgroup->n_hierarchies; i++) {
        if (!cgroup->hierarchies[i].v2 || strcmp(cgroup->hierarchies[i].mount_point, UNIFIED_MOUNT) != 0)
            continue;
        cgroup->hierarchies[0] = cgroup->hierarchies[i];
        cgroup->n_hierarchies = 1;
        return true;
    }
    return false;
}

static enum cgroup_layout layout_of(struct host_cgroup *cgroup)
{
    size_t n_v2 = 0;

    if (cgroup->n_hierarchies == 0)
        return CGROUP_LAYOUT_NONE;
    if (keep_unified_only(cgroup))
        return CGROUP_LAYOUT_V2;
    for (size_t i = 0; i < cgroup->n_hierarchies; i++)
        n_v2 += cgroup->hierarchies[i].v2;
    if (n_v2 == cgroup->n_hierarchies)
        return CGROUP_LAYOUT_V2;
    return n_v2 ? CGROUP_LAYOUT_HYBRID : CGROUP_LAYOUT_V1;
}

const char *cgroup_own_path(const struct cgroup_hierarchy *hierarchy)
{
    size_t length = strlen(hierarchy->mount_root);

    if (length <= 1)
        return hierarchy->own_path;
    if (strncmp(hierarchy->own_path, hierarchy->mount_root, length) != 0 || hierarchy->own_path[length] != '/')
        return "/";
    return hierarchy->own_path + length;
}

int host_cgroup_add(struct host_cgroup *cgroup, const char *named, const char *mountinfo, const char *self_cgroup,
                    struct arena *arena)
{
    struct host_cgroup more = *cgroup;
    int r = 0;

    more.hierarchies = arena_new(arena, struct cgroup_hierarchy, cgroup->n_hierarchies + 1);
    if (!more.hierarchies)
        return -ENOMEM;
    for (size_t i = 0; i < cgroup->n_hierarchies; i++)
        more.hierarchies[i] = cgroup->hierarchies[i];
    while (r >= 0 && *self_cgroup && more.n_hierarchies == cgroup->n_hierarchies) {
        struct span line = line_at(self_cgroup), rest = line;

        cut(&rest, ':');
        if (span_is(cut(&rest, ':'), named))
            r = add_hierarchy(&more, line, mountinfo, arena);
        self_cgroup = line_after(line);
    }
    *cgroup = more;
    return r;
}

int host_cgroup_parse(struct host_cgroup *cgroup, const char *mountinfo, const char *self_cgroup, struct arena *arena,
                      struct error *err)
{
    *cgroup = (struct host_cgroup){ 0 };
    cgroup->hierarchies = arena_new(arena, struct cgroup_hierarchy, count_lines(self_cgroup) + 1);
    if (!cgroup->hierarchies)
        return error_errno(err, -ENOMEM, "cannot list the cgroup hierarchies");
    while (*self_cgroup) {
        struct span line = line_at(self_cgroup);

        if (add_hierarchy(cgroup, line, mountinfo, arena) < 0)
            return error_errno(err, -ENOMEM, "cannot list the cgroup hierarchies");
        self_cgroup = line_after(line);
    }
    cgroup->layout = layout_of(cgroup);
    return 0;
}

/* ---- every mount ---- */

static bool add_entry(const struct mount_line *line, struct arena *arena, struct mount_entry *ret)
{
    *ret = (struct mount_entry){
        .id = atoi(line->id.start),
        .device = arena_strndup(arena, line->device.start, line->device.length),
        .root = unescape(arena, line->root),
        .mount_point = unescape(arena, line->mount_point),
        .type = arena_strndup(arena, line->type.start, line->type.length),
    };
    return !arena->failed;
}

int mount_entries_parse(const char *mountinfo, struct arena *arena, struct mount_entry **ret_entries, size_t *ret_n)
{
    struct mount_entry *entries = arena_new(arena, struct mount_entry, count_lines(mountinfo) + 1);
    size_t n = 0;

    for (; entries && *mountinfo; mountinfo = line_after(line_at(mountinfo))) {
        struct mount_line line;

        if (mount_line_parse(line_at(mountinfo), &line) && add_entry(&line, arena, &entries[n]))
            n++;
    }
    *ret_entries = entries;
    *ret_n = n;
    return arena->failed ? -ENOMEM : 0;
}
