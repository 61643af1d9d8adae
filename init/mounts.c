// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * New file systems. The target is opened beneath the root
 * first, the file system is configured and mounted out of sight (fsopen, fsconfig, fsmount), filled where it is to
 * be, and shown at the target's descriptor in one step.
 */
#include "init/init.h"
#include "sys/mounts.h"

enum { OPTION_SIZE = 4096, FSCONFIG_SIZE = 256, NEW_TMPFS_MODE = 01777 };

struct target {
    const char *path;
    int fd;
    unsigned mode; /* of the directory */
};

/* A new procfs may cover one; nothing else is mounted in a procfs, by whatever link it was reached. (In which no
 * directory can be made: one that was made just now needs no look.) */
static int check_proc(struct init *init, const struct op_mount *op, const struct target *target)
{
    int place = proc_holds(target->fd);

    if (place < 0)
        return init_fail(init, place, "fstatfs", target->path);
    return place == 0 || (place == 2 && text_equal(init_str(init, op->type), "proc"))
               ? 0
               : init_explain(init, -EPERM, "cannot be mounted because it is inside /proc");
}

static int target_open(struct init *init, const struct op_mount *op, struct target *target)
{
    unsigned how = PATH_DIRECTORY | (op->flags & MOUNT_NO_FOLLOW ? PATH_NO_FOLLOW : 0u) |
                   (op->flags & MOUNT_PLAIN_DIR ? PATH_PLAIN : 0u);
    bool tmpfs = text_equal(init_str(init, op->type), "tmpfs"), made;
    struct stat st = { 0 };
    int r;

    target->path = init_str(init, op->target);
    target->fd = path_make(init, target->path, S_IFDIR | (tmpfs ? NEW_TMPFS_MODE : 0755), how, &made);
    r = target->fd < 0 || !(op->flags & MOUNT_KEEP_MODE) ? target->fd : sys_fstat(target->fd, &st);
    if (op->flags & MOUNT_PLAIN_DIR && (r == -ELOOP || r == -ENOTDIR))
        return init_explain(init, r, "must be mounted on ordinary directory");
    if (r < 0)
        return init_fail_inside(init, r, target->path);
    target->mode = st.st_mode & 07777;
    return made ? 0 : check_proc(init, op, target);
}

/* "mode=0755" */
static void mode_option(char option[16], unsigned mode)
{
    struct text text = text_init(option, 16);
    char digits[5] = { '0', (char) ('0' + (mode >> 9 & 7)), (char) ('0' + (mode >> 6 & 7)),
                       (char) ('0' + (mode >> 3 & 7)), (char) ('0' + (mode & 7)) };

    text_put(&text, "mode=");
    text_put_bytes(&text, digits, sizeof digits);
}

static size_t key_length(const char *option)
{
    size_t length = 0;

    while (option[length] && option[length] != '=')
        length++;
    return length;
}

/*
 * Which option it may be where the kernel did not say: mount(2), and with it overlay before Linux 6.5, answer EINVAL to
 * every one that they do not know, at the end. Names only, for lists of directories are long.
 */
static int name_options(struct init *init, const struct op_mount *op, int code)
{
    char **options = blob_list(init->blob, op->options), words[256];
    struct text text = text_init(words, sizeof words);

    if (code != -EINVAL || !init->failure.call[0] || !*options)
        return code;
    for (int i = 0; options[i]; i++) {
        text_put(&text, i ? ", " : "(one of its options? ");
        text_put_bytes(&text, options[i], key_length(options[i]));
    }
    text_put(&text, ")");
    init_hint(init, words);
    return code;
}

/* What the kernel's errno says to nobody. */
static int creation_refused(struct init *init, const struct op_mount *op, int code)
{
    if (code == -EPERM && init->failure.call[0])
        init_hint(init, "(most types only the host's root can mount: mount it there, and add a bind mount)");
    return name_options(init, op, code);
}

/* An owner that the user namespace which was joined may not map: then the one who mounts will do. */
static bool is_doubtful(const struct op_mount *op, const char *option)
{
    return op->flags & MOUNT_OWNER_IF_MAPPED && (text_starts(option, "uid=") || text_starts(option, "gid="));
}

/* ---- by fsopen ---- */

struct file_system {
    struct init *init;
    const struct op_mount *op;
    int fs_fd;
};

/* The kernel's own words, if it has any: "e tmpfs: Bad value for 'size'". */
static int fail_with_log(const struct file_system *fs, int code, const char *call, const char *detail)
{
    char log[256];
    long length = sys_read(fs->fs_fd, log, sizeof log - 1);

    if (length <= 2)
        return init_fail(fs->init, code, call, detail);
    log[length] = '\0';
    if (log[length - 1] == '\n')
        log[length - 1] = '\0';
    return init_explain(fs->init, code, log + 2);
}

/* `context="system_u:...:c1,c2"`: the quotes are for mount(2), which splits at commas. */
static void unquote(char *value)
{
    size_t length = value ? strlen(value) : 0;

    if (length < 2 || value[0] != '"' || value[length - 1] != '"')
        return;
    memmove(value, value + 1, length - 2);
    value[length - 2] = '\0';
}

static int set_option(const struct file_system *fs, const char *option, size_t length)
{
    char key[OPTION_SIZE], *value = NULL;
    int r;

    if (length >= sizeof key)
        return init_fail(fs->init, -ENAMETOOLONG, "fsconfig", option);
    memcpy(key, option, length);
    key[length] = '\0';
    for (char *c = key; *c && !value; c++)
        if (*c == '=' && c > key) {
            *c = '\0';
            value = c + 1;
        }
    unquote(value);
    r = sys_fsconfig(fs->fs_fd, value ? SYS_FSCONFIG_SET_STRING : SYS_FSCONFIG_SET_FLAG, key, value, 0);
    if (r == -EINVAL && is_doubtful(fs->op, option))
        return 0;
    return r < 0 ? fail_with_log(fs, r, "fsconfig", option) : 0;
}

/* The controllers of a cgroup v1 mount come as one option, with commas. */
static int set_options(const struct file_system *fs, const char *option)
{
    bool split = fs->op->flags & MOUNT_CGROUP;
    int r = 0;

    while (*option && r == 0) {
        size_t length = 0;

        while (option[length] && !(split && option[length] == ','))
            length++;
        r = set_option(fs, option, length);
        option += length + (option[length] == ',');
    }
    return r;
}

int mount_reconfigure(struct init *init, int fs_fd, char **options, const char *target)
{
    const struct op_mount none = { 0 };
    const struct file_system fs = { init, &none, fs_fd };
    int r = 0;

    for (; *options && r == 0; options++)
        r = set_options(&fs, *options);
    if (r < 0)
        return r;
    r = sys_fsconfig(fs_fd, SYS_FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
    return r < 0 ? fail_with_log(&fs, r, "fsconfig", target) : 0;
}

static int configure(const struct file_system *fs, const struct target *target)
{
    const char *source = init_str(fs->init, fs->op->source);
    char **options = blob_list(fs->init->blob, fs->op->options), mode[16];
    int r = source ? sys_fsconfig(fs->fs_fd, SYS_FSCONFIG_SET_STRING, "source", source, 0) : 0;

    if (r < 0)
        return fail_with_log(fs, r, "fsconfig", source);
    for (; *options && r == 0; options++)
        r = set_options(fs, *options);
    if (r < 0)
        return r;
    if (fs->op->flags & MOUNT_KEEP_MODE) {
        mode_option(mode, target->mode);
        r = set_options(fs, mode);
    }
    if (r < 0)
        return r;
    r = sys_fsconfig(fs->fs_fd, SYS_FSCONFIG_CMD_CREATE, NULL, NULL, 0);
    return r < 0 ? creation_refused(fs->init, fs->op, fail_with_log(fs, r, "fsconfig", target->path)) : 0;
}

/* EPERM of a user namespace for what would show it more than it sees now (the kernel says "Mount too revealing"). */
static int refused(const struct file_system *fs, int code, const struct target *target)
{
    if (code == -EPERM && text_equal(init_str(fs->init, fs->op->type), "proc"))
        return init_explain(
            fs->init, code,
            "fsmount: the kernel refuses a new procfs: the one outside has masked parts, which it would "
            "show (unmask them there, or keep the pid namespace of the outside), or a sandbox blocks "
            "the call: operation not permitted");
    return fail_with_log(fs, code, "fsmount", target->path);
}

/* A mount that nobody sees yet. */
static int make_tree(const struct file_system *fs, const struct target *target)
{
    int r = configure(fs, target), tree_fd;

    if (r < 0)
        return r;
    tree_fd = sys_fsmount(fs->fs_fd, FSMOUNT_CLOEXEC, (unsigned) fs->op->attr);
    return tree_fd < 0 ? refused(fs, tree_fd, target) : tree_fd;
}

static int show_tree(struct init *init, const struct op_mount *op, const struct target *target, int tree_fd)
{
    int r = op->flags & MOUNT_COPY_UP ? copy_up(init, target->fd, tree_fd) : 0;

    if (r < 0)
        return r;
    r = tree_attach(tree_fd, target->fd);
    if (r < 0)
        return init_fail(init, r, "move_mount", target->path);
    return changes_mounted(init, target->path, tree_fd);
}

static int mount_new(struct init *init, const struct op_mount *op, const struct target *target, int fs_fd)
{
    struct file_system fs = { init, op, fs_fd };
    int tree_fd = make_tree(&fs, target), r;

    if (tree_fd < 0)
        return tree_fd;
    r = show_tree(init, op, target, tree_fd);
    scratch_leave(init, tree_fd);
    return r;
}

/* ---- by mount(2) ---- */

/* "key=value,key": a value that holds a comma is quoted, as the LSMs' contexts want it. */
static void join_option(struct text *data, const char *option, bool quote)
{
    const char *c = option + key_length(option);

    if (data->length)
        text_put(data, ",");
    if (!quote || !*c || c[1] == '"' || !text_contains(c, ',')) {
        text_put(data, option);
        return;
    }
    text_put_bytes(data, option, (size_t) (c + 1 - option));
    text_put(data, "\"");
    text_put(data, c + 1);
    text_put(data, "\"");
}

static int check_length(struct init *init, const struct text *data)
{
    return data->cut ? init_explain(init, -E2BIG,
                                    "the mount options are longer than the 4095 bytes that mount(2) takes (shorter "
                                    "paths, by links perhaps)")
                     : 0;
}

int mount_reconfigure_old(struct init *init, int fd, char **options, const char *target)
{
    char data[OPTION_SIZE];
    struct text text = text_init(data, sizeof data);
    int r;

    for (; *options; options++)
        join_option(&text, *options, true);
    r = check_length(init, &text);
    if (r < 0)
        return r;
    r = tree_remount_old(init, fd, MS_REMOUNT, 0, 0, data);
    return r < 0 ? init_fail(init, r, "mount", target) : 0;
}

static int join_options(struct init *init, const struct op_mount *op, const struct target *target, bool all,
                        struct text *data)
{
    char mode[16];

    for (char **options = blob_list(init->blob, op->options); *options; options++)
        if (all || !is_doubtful(op, *options))
            join_option(data, *options, !(op->flags & MOUNT_CGROUP));
    if (op->flags & MOUNT_KEEP_MODE) {
        mode_option(mode, target->mode);
        join_option(data, mode, false);
    }
    return check_length(init, data);
}

/* With ALL options, or without those that are in doubt. */
static int mount_with(struct init *init, const struct op_mount *op, const struct target *target, bool all)
{
    const char *source = init_str(init, op->source), *type = init_str(init, op->type);
    char data[OPTION_SIZE];
    struct text text = text_init(data, sizeof data);
    int r = join_options(init, op, target, all, &text);

    if (r < 0)
        return r;
    r = tree_mount_old(init, -1, source ? source : type, target->fd, type, tree_attr_to_flags((uint64_t) op->attr),
                       data);
    return r < 0 ? creation_refused(init, op, init_fail(init, r, "mount", target->path)) : 0;
}

static int mount_old(struct init *init, const struct op_mount *op, const struct target *target)
{
    _cleanup_close_ int mounted_fd = -1;
    int r = mount_with(init, op, target, true);

    if (r == -EINVAL && op->flags & MOUNT_OWNER_IF_MAPPED)
        r = mount_with(init, op, target, false);
    if (r < 0)
        return r;
    mounted_fd = path_is_root(target->path) ? sys_openat(AT_FDCWD, init->root_path, O_PATH | O_CLOEXEC, 0)
                                            : path_open(init, target->path, 0);
    if (mounted_fd < 0)
        return init_fail(init, mounted_fd, "open", target->path);
    r = changes_mounted(init, target->path, mounted_fd);
    return r >= 0 && op->flags & MOUNT_COPY_UP ? copy_up(init, target->fd, mounted_fd) : r;
}

/* ---- */

/* fsconfig takes values of less than 256 bytes; the lower directories of an overlay easily need more. */
static bool fits_fsconfig(struct init *init, const struct op_mount *op)
{
    const char *source = init_str(init, op->source);
    bool fits = !source || strlen(source) < FSCONFIG_SIZE;

    for (char **options = blob_list(init->blob, op->options); *options && fits; options++)
        fits = strlen(*options) < FSCONFIG_SIZE;
    return fits;
}

/* On older kernels (6.12) devpts looks at its options when all are there: which one was wrong it does not say. */
static bool may_be_the_owner(const struct op_mount *op, int code)
{
    return code == -EINVAL && op->flags & MOUNT_OWNER_IF_MAPPED;
}

static int try_mount(struct init *init, const struct op_mount *op, const struct target *target)
{
    const char *type = init_str(init, op->type);
    int fs_fd, r;

    if (init->no_mount_api || !fits_fsconfig(init, op))
        return mount_old(init, op, target);
    fs_fd = sys_fsopen(type, FSOPEN_CLOEXEC);
    if (fs_fd >= 0) {
        r = mount_new(init, op, target, fs_fd);
        scratch_leave(init, fs_fd);
        return may_be_the_owner(op, r) ? mount_old(init, op, target) : r;
    }
    if (tree_api_missing(init, fs_fd))
        return mount_old(init, op, target);
    return init_fail(init, fs_fd, "fsopen", type);
}

/* That we, or the machine, have run out of something is no refusal. */
static bool is_refusal(int code)
{
    return code != -ENOMEM && code != -EMFILE && code != -ENFILE && code != -EIO && code != -EINTR;
}

/* A user namespace may not have a sysfs or a cgroup view of its own: then the host's is shown instead. */
static int fall_back(struct init *init, const struct op_mount *op, const struct target *target)
{
    const char *source = init_str(init, op->source);
    int r;

    if (!is_refusal(init->failure.code) || !(op->flags & MOUNT_FALLBACK_BIND) || !source || source[0] != '/')
        return init->failure.code;
    r = bind_host(init, source, target->path, target->fd, (uint64_t) op->attr);
    return r < 0 ? init->failure.code : 0;
}

int init_mount(struct init *init, const struct op_mount *op)
{
    struct target target = { .fd = -1 };
    int r = target_open(init, op, &target);

    if (r >= 0) {
        r = try_mount(init, op, &target);
        if (r < 0 && tree_try_older(init, r))
            r = mount_old(init, op, &target);
        r = r < 0 ? fall_back(init, op, &target) : 0;
    }
    if (target.fd >= 0)
        scratch_leave(init, target.fd);
    return r;
}
