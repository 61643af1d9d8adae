// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The table of mount options: those of mount(8) that are flags, their recursive forms (prefix r, mount_setattr(2)
 * with AT_RECURSIVE), propagation, and those that runtimes add. File system options pass through as data; the few
 * super block flags ("sync") do too, for fsconfig(2) knows them by name.
 */
#include "plan/mount_options.h"

#include <string.h>
#include <sys/mount.h>

#include "sys/compat.h"

enum option_kind { SET, CLEAR, ATIME, PROPAGATION, SPECIAL, IGNORED };

/* IGNORED: those of mount(8) ask nothing of a mount; others do, and nothing comes of it. */
enum { ASKS = 1 };

enum special {
    S_BIND,
    S_RBIND,
    S_REMOUNT,
    S_COPY_UP,
    S_COPY_SYMLINK,
    S_SRC_NOFOLLOW,
    S_DEST_NOFOLLOW,
    S_IDMAP,
    S_RIDMAP
};

/* X(name, kind, value): the attribute rows exist twice, as NAME and as rNAME for the whole tree. */
#define ATTRIBUTE_OPTIONS(X)                                                                                           \
    X("ro", SET, MOUNT_ATTR_RDONLY)                                                                                    \
    X("rw", CLEAR, MOUNT_ATTR_RDONLY)                                                                                  \
    X("nosuid", SET, MOUNT_ATTR_NOSUID)                                                                                \
    X("suid", CLEAR, MOUNT_ATTR_NOSUID)                                                                                \
    X("nodev", SET, MOUNT_ATTR_NODEV)                                                                                  \
    X("dev", CLEAR, MOUNT_ATTR_NODEV)                                                                                  \
    X("noexec", SET, MOUNT_ATTR_NOEXEC)                                                                                \
    X("exec", CLEAR, MOUNT_ATTR_NOEXEC)                                                                                \
    X("nodiratime", SET, MOUNT_ATTR_NODIRATIME)                                                                        \
    X("diratime", CLEAR, MOUNT_ATTR_NODIRATIME)                                                                        \
    X("nosymfollow", SET, MOUNT_ATTR_NOSYMFOLLOW)                                                                      \
    X("symfollow", CLEAR, MOUNT_ATTR_NOSYMFOLLOW)                                                                      \
    X("noatime", ATIME, MOUNT_ATTR_NOATIME)                                                                            \
    X("atime", ATIME, MOUNT_ATTR_RELATIME)                                                                             \
    X("relatime", ATIME, MOUNT_ATTR_RELATIME)                                                                          \
    X("norelatime", ATIME, MOUNT_ATTR_STRICTATIME)                                                                     \
    X("strictatime", ATIME, MOUNT_ATTR_STRICTATIME)                                                                    \
    X("nostrictatime", ATIME, MOUNT_ATTR_RELATIME)

#define PLAIN_OPTIONS(X)                                                                                               \
    X("bind", SPECIAL, S_BIND)                                                                                         \
    X("rbind", SPECIAL, S_RBIND)                                                                                       \
    X("remount", SPECIAL, S_REMOUNT)                                                                                   \
    X("private", PROPAGATION, MS_PRIVATE)                                                                              \
    X("rprivate", PROPAGATION, MS_PRIVATE | MS_REC)                                                                    \
    X("shared", PROPAGATION, MS_SHARED)                                                                                \
    X("rshared", PROPAGATION, MS_SHARED | MS_REC)                                                                      \
    X("slave", PROPAGATION, MS_SLAVE)                                                                                  \
    X("rslave", PROPAGATION, MS_SLAVE | MS_REC)                                                                        \
    X("unbindable", PROPAGATION, MS_UNBINDABLE)                                                                        \
    X("runbindable", PROPAGATION, MS_UNBINDABLE | MS_REC)                                                              \
    X("tmpcopyup", SPECIAL, S_COPY_UP)                                                                                 \
    X("copy-symlink", SPECIAL, S_COPY_SYMLINK)                                                                         \
    X("src-nofollow", SPECIAL, S_SRC_NOFOLLOW)                                                                         \
    X("dest-nofollow", SPECIAL, S_DEST_NOFOLLOW)                                                                       \
    X("idmap", SPECIAL, S_IDMAP)                                                                                       \
    X("ridmap", SPECIAL, S_RIDMAP)                                                                                     \
    X("defaults", IGNORED, 0)                                                                                          \
    X("silent", IGNORED, 0)                                                                                            \
    X("loud", IGNORED, 0)                                                                                              \
    X("auto", IGNORED, 0)                                                                                              \
    X("noauto", IGNORED, 0)                                                                                            \
    X("nofail", IGNORED, 0)                                                                                            \
    X("_netdev", IGNORED, 0)                                                                                           \
    X("acl", IGNORED, ASKS)                                                                                            \
    X("iversion", IGNORED, ASKS)                                                                                       \
    X("noiversion", IGNORED, ASKS)                                                                                     \
    X("rsync", IGNORED, ASKS)                                                                                          \
    X("rasync", IGNORED, ASKS)                                                                                         \
    X("rdirsync", IGNORED, ASKS)                                                                                       \
    X("rmand", IGNORED, ASKS)                                                                                          \
    X("rnomand", IGNORED, ASKS)

struct option {
    const char *name;
    enum option_kind kind;
    bool recursive;
    unsigned value;
};

#define ROW(name, kind, value)  { name, kind, false, value },
#define RROW(name, kind, value) { "r" name, kind, true, value },
static const struct option table[] = { ATTRIBUTE_OPTIONS(ROW) ATTRIBUTE_OPTIONS(RROW) PLAIN_OPTIONS(ROW) };

#define NAME(name, kind, value)  name,
#define RNAME(name, kind, value) "r" name,
const char *const mount_option_names[] = { ATTRIBUTE_OPTIONS(NAME) ATTRIBUTE_OPTIONS(RNAME) PLAIN_OPTIONS(NAME) "sync",
                                           "async",
                                           "dirsync",
                                           "mand",
                                           "nomand",
                                           "lazytime",
                                           "nolazytime",
                                           NULL };

static const struct option *find(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

static void apply_attribute(uint64_t *set, uint64_t *clear, const struct option *option)
{
    uint64_t bits = option->kind == ATIME ? MOUNT_ATTR__ATIME : option->value;

    *set &= ~bits;
    *clear &= ~bits;
    if (option->kind == CLEAR || option->kind == ATIME)
        *clear |= bits;
    if (option->kind == SET || option->kind == ATIME)
        *set |= option->value;
}

static void apply_special(struct mount_options *ret, enum special special)
{
    switch (special) {
    case S_BIND:
        ret->bind = true;
        break;
    case S_RBIND:
        ret->bind = ret->recursive_bind = true;
        break;
    case S_REMOUNT:
        ret->remount = true;
        break;
    case S_COPY_UP:
        ret->copy_up = true;
        break;
    case S_COPY_SYMLINK:
        ret->copy_symlink = true;
        break;
    case S_SRC_NOFOLLOW:
        ret->source_no_follow = true;
        break;
    case S_DEST_NOFOLLOW:
        ret->target_no_follow = true;
        break;
    case S_RIDMAP:
        ret->idmap = ret->recursive_idmap = true;
        break;
    case S_IDMAP:
        ret->idmap = true;
        break;
    }
}

static void apply(struct mount_options *ret, const struct option *option)
{
    switch (option->kind) {
    case SET:
    case CLEAR:
    case ATIME:
        if (option->recursive)
            apply_attribute(&ret->recursive_set, &ret->recursive_clear, option);
        else
            apply_attribute(&ret->set, &ret->clear, option);
        break;
    case PROPAGATION:
        ret->propagation = option->value;
        break;
    case SPECIAL:
        apply_special(ret, (enum special) option->value);
        break;
    case IGNORED:
        if (option->value == ASKS && ret->unused)
            ret->unused[ret->n_unused++] = option->name;
        break;
    }
}

/* "idmap" and "ridmap" may carry ranges: "idmap=uids=0-1000-1;gids=..." */
static bool parse_idmap(struct mount_options *ret, const char *option)
{
    bool recursive = strncmp(option, "ridmap=", 7) == 0;

    if (!recursive && strncmp(option, "idmap=", 6) != 0)
        return false;
    ret->idmap = true;
    ret->recursive_idmap = recursive;
    ret->idmap_ranges = option + (recursive ? 7 : 6);
    return true;
}

void mount_options_parse(struct mount_options *ret, const char *const *options, size_t n, struct arena *arena)
{
    *ret = (struct mount_options){ .data = arena_new(arena, const char *, n + MOUNT_DATA_SPARE),
                                   .unused = arena_new(arena, const char *, n) };
    for (size_t i = 0; i < n; i++) {
        const struct option *option = find(options[i]);

        if (option)
            apply(ret, option);
        else if (!parse_idmap(ret, options[i]) && ret->data && options[i][0])
            ret->data[ret->n_data++] = options[i];
    }
}
