// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who the container's process is: groups, ids, capabilities (capabilities(7), "Effect of user ID changes").
 * setresuid away from 0 clears the sets that are in force; with PR_SET_KEEPCAPS the permitted set stays, and
 * CAPABILITIES then sets all of them to what was asked. Whatever changes ids makes the process dumpable again and
 * clears PDEATHSIG, so that process_guard follows; capset(2) that takes away does neither, and takes out of the ambient set
 * what is not inheritable.
 */
#include "init/init.h"
#include "sys/cred.h"

#ifndef PR_CAP_AMBIENT
#define PR_CAP_AMBIENT           47
#define PR_CAP_AMBIENT_RAISE     2
#define PR_CAP_AMBIENT_CLEAR_ALL 4
#endif

/* " (uid_map: 0 1000 1; 1 100000 65536)": the numbers of FILE as they are, without the columns. */
static void put_map(const struct init *init, const char *file, struct text *text)
{
    char buffer[512], path[32];
    struct text name = text_init(path, sizeof path);
    _cleanup_close_ int fd = -1;
    long n;

    text_put(&name, "self/");
    text_put(&name, file);
    fd = init->proc_fd < 0 ? -ENOENT : sys_openat(init->proc_fd, path, O_RDONLY | O_CLOEXEC, 0);
    n = fd < 0 ? fd : sys_read(fd, buffer, sizeof buffer);
    if (n <= 0)
        return;
    text_put(text, " (");
    text_put(text, file);
    text_put(text, ":");
    for (const char *c = buffer; c < buffer + n; c++)
        if (*c == '\n' && c + 1 < buffer + n)
            text_put(text, ";");
        else if (*c > ' ') {
            if (c == buffer || c[-1] <= ' ')
                text_put(text, " ");
            text_put_bytes(text, c, 1);
        }
    text_put(text, ")");
}

/* The plan knows the maps that it makes; what a joined user namespace maps is found out here, by EINVAL. */
static int ids_error(struct init *init, int code, const char *call, const char *file, uint32_t id)
{
    char words[sizeof init->failure.detail];
    struct text text = text_init(words, sizeof words);

    if (code != -EINVAL) {
        init_fail(init, code, call, NULL);
        if (code == -EPERM)
            init_hint(init, file[0] == 'u' ? "(it takes CAP_SETUID)" : "(it takes CAP_SETGID)");
        return code;
    }
    text_put_bytes(&text, file, 3);
    text_put(&text, " ");
    text_put_number(&text, id);
    text_put(&text, " is not mapped in the container's user namespace");
    put_map(init, file, &text);
    return init_explain(init, code, words);
}

/* Capabilities are lost only on the way from uid 0 to others. */
static int set_ids(struct init *init, uint32_t uid, uint32_t gid)
{
    int r = sys_setresgid(gid, gid, gid);

    if (r < 0)
        return ids_error(init, r, "setresgid", "gid_map", gid);
    r = uid ? sys_prctl(PR_SET_KEEPCAPS, 1, 0) : 0;
    if (r < 0)
        return init_fail(init, r, "prctl", "PR_SET_KEEPCAPS");
    r = sys_setresuid(uid, uid, uid);
    if (r < 0)
        return ids_error(init, r, "setresuid", "uid_map", uid);
    return process_guard(init);
}

/* All three sets at once. */
static int set_capabilities(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
    struct sys_cap_header header = { .version = SYS_CAPABILITY_VERSION };
    struct sys_cap_data data[2];

    for (int i = 0; i < 2; i++) {
        data[i].effective = (uint32_t) (effective >> 32 * i);
        data[i].permitted = (uint32_t) (permitted >> 32 * i);
        data[i].inheritable = (uint32_t) (inheritable >> 32 * i);
    }
    return sys_capset(&header, data);
}

static int get_permitted(uint64_t *ret_permitted)
{
    struct sys_cap_header header = { .version = SYS_CAPABILITY_VERSION };
    struct sys_cap_data data[2];
    int r = sys_capget(&header, data);

    if (r == 0)
        *ret_permitted = data[0].permitted | (uint64_t) data[1].permitted << 32;
    return r;
}

static int clear_ambient(struct init *init)
{
    int r = sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0);

    return r < 0 && r != -EINVAL ? init_fail(init, r, "prctl", "PR_CAP_AMBIENT_CLEAR_ALL") : 0;
}

/* The inheritable and ambient sets brought the capabilities over the exec into the new user namespace (DESIGN.md).
 * Uid 0 needs them no more, and what is inheritable must have been asked for. */
static int clear_inheritable(struct init *init)
{
    uint64_t permitted;
    int r = clear_ambient(init);

    if (r < 0)
        return r;
    r = get_permitted(&permitted);
    if (r == 0)
        r = set_capabilities(permitted, permitted, 0);
    return r < 0 ? init_fail(init, r, "capset", NULL) : 0;
}

/* /proc/PID/setgroups of user_namespaces(7). What cannot be read denies nothing: then a refusal is a failure. */
static bool groups_are_denied(const struct init *init)
{
    _cleanup_close_ int fd =
        init->proc_fd < 0 ? -ENOENT : sys_openat(init->proc_fd, "self/setgroups", O_RDONLY | O_CLOEXEC, 0);
    char word[4] = "";

    return fd >= 0 && sys_read(fd, word, sizeof word) == sizeof word && memcmp(word, "deny", sizeof word) == 0;
}

/* Where an ordinary user has joined a user namespace, his groups are his to take off unless it denies setgroups(2). */
static int set_groups(const struct init *init, const uint32_t *gids, uint64_t n, bool may_be_denied)
{
    int r = sys_setgroups(n, gids);

    return r == -EPERM && n == 0 && may_be_denied && groups_are_denied(init) ? 0 : r;
}

/* As ids_error: whichever of the groups is not mapped is found by trying each alone. */
static int unmapped_group(struct init *init, int code, const uint32_t *gids, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        if (sys_setgroups(1, &gids[i]) == -EINVAL)
            return ids_error(init, code, "setgroups", "gid_map", gids[i]);
    return init_fail(init, code, "setgroups", NULL);
}

static int groups_error(struct init *init, int code, const uint32_t *gids, uint64_t n)
{
    if (code != -EPERM)
        return unmapped_group(init, code, gids, n);
    init_fail(init, code, "setgroups", NULL);
    init_hint(init, groups_are_denied(init) ? "(the user namespace's /proc/PID/setgroups denies it)"
                                            : "(it takes CAP_SETGID)");
    return code;
}

int init_become_root(struct init *init, const struct op_become_root *op)
{
    int r = op->groups ? set_groups(init, NULL, 0, op->may_be_denied) : 0;

    init->dumpable_later = false;
    if (r < 0)
        return groups_error(init, r, NULL, 0);
    r = set_ids(init, 0, 0);
    if (r == -EINVAL && (op->uid || op->gid))
        r = set_ids(init, (uint32_t) op->uid, (uint32_t) op->gid);
    return r < 0 ? r : clear_inheritable(init);
}

int init_groups(struct init *init, const struct op_groups *op)
{
    const uint32_t *gids = blob_bytes(init->blob, op->gids);
    uint64_t n = op->gids.size / sizeof *gids;
    int r = set_groups(init, gids, n, op->may_be_denied);

    return r < 0 ? groups_error(init, r, gids, n) : 0;
}

int init_identity(struct init *init, const struct op_identity *op)
{
    return set_ids(init, (uint32_t) op->uid, (uint32_t) op->gid);
}

static int bounding_error(struct init *init, int code)
{
    init_fail(init, code, "prctl", "PR_CAPBSET_DROP");
    if (code == -EPERM)
        init_hint(init, "(it takes CAP_SETPCAP)");
    return code;
}

int init_bounding(struct init *init, const struct op_bounding *op)
{
    for (unsigned long cap = 0; cap <= (unsigned long) op->last && cap < 64; cap++) {
        int r;

        if ((uint64_t) op->keep >> cap & 1)
            continue;
        r = sys_prctl(PR_CAPBSET_DROP, cap, 0);
        if (r == -EPERM && sys_prctl(PR_CAPBSET_READ, cap, 0) == 0)
            r = 0;
        if (r == -EINVAL && sys_prctl(PR_CAPBSET_READ, cap, 0) == -EINVAL)
            return 0; /* the kernel knows no more of them */
        if (r < 0)
            return bounding_error(init, r);
    }
    return 0;
}

/* An ambient capability that is not inheritable and permitted as well cannot be had: the run goes on. */
static void raise_ambient(struct init *init, uint64_t ambient, unsigned long last)
{
    for (unsigned long cap = 0; cap <= last && cap < 64; cap++) {
        int r = ambient >> cap & 1 ? (int) sys_call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) : 0;
        char number[24];
        struct text text = text_init(number, sizeof number);

        if (r >= 0)
            continue;
        text_put(&text, "capability ");
        text_put_number(&text, (long long) cap);
        init_warn(init, r, "prctl", number);
    }
}

int init_capabilities(struct init *init, const struct op_capabilities *op)
{
    int r = op->inheritable & op->permitted ? clear_ambient(init) : 0;

    if (r < 0)
        return r;
    r = set_capabilities((uint64_t) op->effective, (uint64_t) op->permitted, (uint64_t) op->inheritable);
    if (r < 0)
        return init_fail(init, r, "capset", NULL);
    raise_ambient(init, (uint64_t) op->ambient, (unsigned long) op->last);
    return 0;
}

int init_no_new_privs(struct init *init, const struct op_no_new_privs *op)
{
    int r = sys_prctl(PR_SET_NO_NEW_PRIVS, 1, 0);

    (void) op;
    return r < 0 ? init_fail(init, r, "prctl", "PR_SET_NO_NEW_PRIVS") : 0;
}
