// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The small parsers of outside text. The first byte names the parser: files of the host (subuid, passwd, uid_map, mountinfo,
 * cgroup, host.json), options of mounts and words of command lines.
 */
#include "cgroup/cgroup.h"
#include "fuzz.h"
#include "host/probes.h"
#include "plan/mount_options.h"
#include "seccomp/seccomp.h"
#include "spec/user.h"
#include "state/state.h"

static void subids(const char *text, size_t size, struct arena *arena)
{
    struct id_map *maps;
    size_t n;

    (void) size;
    if (subids_parse(text, "user", 1000, arena, &maps, &n) == 0)
        for (size_t i = 0; i < n; i++)
            assert(maps[i].size > 0 && (uint64_t) maps[i].host_id + maps[i].size <= UINT32_MAX + UINT64_C(1));
}

static void passwd(const char *text, size_t size, struct arena *arena)
{
    const char *name = passwd_name(text, 1000, arena);

    assert(!name || (strlen(name) <= size && !strpbrk(name, ":\n")));
}

static void id_map(const char *text, size_t size, struct arena *arena)
{
    struct id_map *maps;
    size_t n;

    (void) size;
    own_map_parse(text, arena, &maps, &n);
    uid_map_is_initial(text);
}

/* mountinfo, NUL, cgroup. */
static void hierarchies(const char *text, size_t size, struct arena *arena)
{
    const char *mountinfo = fuzz_piece(&text, &size), *self = fuzz_piece(&text, &size);
    struct host_cgroup cgroup = { 0 };
    struct error err = { 0 };

    resctrl_find(mountinfo, arena);
    if (host_cgroup_parse(&cgroup, mountinfo, self, arena, &err) < 0) {
        check_error(&err);
        return;
    }
    for (size_t i = 0; i < cgroup.n_hierarchies; i++) {
        assert(cgroup.hierarchies[i].mount_point && cgroup.hierarchies[i].own_path);
        assert(cgroup_own_path(&cgroup.hierarchies[i]));
        host_cgroup_of(self, &cgroup.hierarchies[i], arena);
    }
}

static void facts(const char *text, size_t size, struct arena *arena)
{
    struct host host = { 0 };
    struct error err = { 0 };

    (void) size;
    if (host_load(&host, text, arena, &err) < 0)
        check_raw_error(&err);
}

/* Options, one a NUL. A choice of access times is set after all of them were cleared. */
#define ATIME UINT64_C(0x70) /* MOUNT_ATTR__ATIME */

static void mount(const char *text, size_t size, struct arena *arena)
{
    const char *options[64];
    struct mount_options parsed;
    size_t n = 0;

    while (size > 0 && n < 64)
        options[n++] = fuzz_piece(&text, &size);
    mount_options_parse(&parsed, options, n, arena);
    assert(parsed.n_data <= n);
    assert((parsed.set & parsed.clear & ~ATIME) == 0 && (parsed.recursive_set & parsed.recursive_clear & ~ATIME) == 0);
}

static void user(const char *text, size_t size, struct arena *arena)
{
    struct opt_u32 gid;
    struct error err = { 0 };
    uint32_t uid;

    (void) size;
    (void) arena;
    if (user_parse(text, &uid, &gid, &err) < 0)
        check_raw_error(&err);
    else
        assert(uid != UINT32_MAX && (!gid.set || gid.value != UINT32_MAX) && isdigit((unsigned char) text[0]));
}

static void container_id(const char *text, size_t size, struct arena *arena)
{
    struct error err = { 0 };

    (void) arena;
    if (state_check_id(text, &err) < 0)
        check_raw_error(&err);
    else
        assert(size > 0 && !strchr(text, '/') && text[0] != '.');
}

static void bpf(const char *text, size_t size, struct arena *arena)
{
    struct seccomp_filter filter = { 0 };
    struct error err = { 0 };

    (void) arena;
    if (seccomp_raw(text, &filter, &err) < 0)
        check_error(&err);
    else
        assert(filter.size <= size && filter.size % 8 == 0);
    seccomp_filter_done(&filter);
}

typedef void parser(const char *text, size_t size, struct arena *arena);

static parser *const parsers[] = { subids, passwd, id_map, hierarchies, facts, mount, user, container_id, bpf };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    char *text;

    if (size == 0)
        return 0;
    arena = fuzz_arena();
    text = fuzz_text(data + 1, size - 1);
    parsers[data[0] % (sizeof parsers / sizeof parsers[0])](text, size - 1, &arena);
    free(text);
    arena_done(&arena);
    return 0;
}
