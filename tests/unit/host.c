// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Host facts: the cgroup layout out of mountinfo samples of common hosts (hybrid with single and co-mounted
 * controllers, unified, v1 only, inside containers), subordinate ids, host.json, and the probes on this machine.
 */
#include "host/host.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/probes.h"
#include "test.h"

/* One hierarchy a word: "MOUNT|CONTROLLERS|OWN|ROOT|v1". */
struct layout_case {
    const char *name, *mountinfo, *self;
    enum cgroup_layout layout;
    const char *hierarchies[8];
};

static const struct layout_case layouts[] = {
    {"hybrid, systemd 247 (Debian 11)",
     "24 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro\n"
      "31 23 0:26 / /sys/fs/cgroup ro,nosuid,nodev,noexec shared:9 - tmpfs tmpfs ro,mode=755\n"
      "32 31 0:27 / /sys/fs/cgroup/unified rw,nosuid,nodev,noexec,relatime shared:10 - cgroup2 cgroup2 rw,nsdelegate\n"
      "33 31 0:28 / /sys/fs/cgroup/systemd rw,nosuid,nodev,noexec,relatime shared:11 - cgroup cgroup "
      "rw,xattr,name=systemd\n"
      "36 31 0:31 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:15 - cgroup cgroup rw,cpu,cpuacct\n"
      "37 31 0:32 / /sys/fs/cgroup/net_cls,net_prio rw,nosuid shared:16 - cgroup cgroup rw,net_cls,net_prio\n"
      "38 31 0:33 / /sys/fs/cgroup/memory rw,nosuid shared:17 - cgroup cgroup rw,memory\n",                             "11:memory:/user.slice\n8:cpu,cpuacct:/user.slice\n7:perf_event:/\n5:net_cls,net_prio:/\n"
      "1:name=systemd:/user.slice/user-1000.slice/session-3.scope\n0::/user.slice/user-1000.slice/session-3.scope\n", CGROUP_LAYOUT_HYBRID,
     { "/sys/fs/cgroup/memory|memory|/user.slice|/|v1", "/sys/fs/cgroup/cpu,cpuacct|cpu,cpuacct|/user.slice|/|v1",
        "/sys/fs/cgroup/net_cls,net_prio|net_cls,net_prio|/|/|v1",
        "/sys/fs/cgroup/systemd|name=systemd|/user.slice/user-1000.slice/session-3.scope|/|v1",
        "/sys/fs/cgroup/unified||/user.slice/user-1000.slice/session-3.scope|/|v2" }                                                                                                                                                                                                                                             },
    { "order of co-mounted names differs",
     "36 31 0:31 / /sys/fs/cgroup/cpu,cpuacct rw shared:15 - cgroup cgroup rw,cpuacct,cpu\n",                           "8:cpu,cpuacct:/\n",
     CGROUP_LAYOUT_V1,                                                                                                                                                                                                                 { "/sys/fs/cgroup/cpu,cpuacct|cpu,cpuacct|/|/|v1" }                                       },
    { "unified (Fedora, Debian 12)",
     "30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 "
      "rw,nsdelegate,memory_recursiveprot\n",                                                                           "0::/user.slice/user-1000.slice/user@1000.service/app.slice/a.scope\n",
     CGROUP_LAYOUT_V2,                                                                                                                                                                                                                 { "/sys/fs/cgroup||/user.slice/user-1000.slice/user@1000.service/app.slice/a.scope|/|v2" }},
    { "unified with a v1 leftover elsewhere",
     "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
      "99 23 0:77 / /mnt/net_cls rw - cgroup none rw,net_cls\n",                                                        "2:net_cls:/\n0::/x\n",
     CGROUP_LAYOUT_V2,                                                                                                                                                                                                                 { "/sys/fs/cgroup||/x|/|v2" }                                                             },
    { "inside a v1 container without a cgroup namespace",
     "600 599 0:31 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro,nosuid master:15 - cgroup cgroup rw,cpu,cpuacct\n"
      "601 599 0:33 /docker/abc /sys/fs/cgroup/memory ro,nosuid master:17 - cgroup cgroup rw,memory\n",                 "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n0::/\n",
     CGROUP_LAYOUT_V1,                                                                                                                                                                                                                 { "/sys/fs/cgroup/memory|memory|/docker/abc|/docker/abc|v1",
        "/sys/fs/cgroup/cpu,cpuacct|cpu,cpuacct|/docker/abc|/docker/abc|v1" }                                                                                                                                                                                                                              },
    { "inside a v2 container with a cgroup namespace",
     "700 699 0:26 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw\n",                             "0::/\n",
     CGROUP_LAYOUT_V2,                                                                                                                                                                                                                 { "/sys/fs/cgroup||/|/|v2" }                                                              },
    { "the whole hierarchy is preferred to a part, wherever it comes",
     "1 0 0:31 /a /mnt/part rw - cgroup cgroup rw,memory\n2 0 0:31 / /mnt/whole rw - cgroup cgroup rw,memory\n"
      "3 0 0:31 /b /mnt/other rw - cgroup cgroup rw,memory\n",                                                          "1:memory:/a\n",
     CGROUP_LAYOUT_V1,                                                                                                                                                                                                                 { "/mnt/whole|memory|/a|/|v1" }                                                           },
    { "escapes in paths, optional fields, a name that is a part of another",
     "1 0 0:31 / /mnt/a\\040b rw shared:1 master:2 - cgroup cgroup rw,cpuset\n",                                        "2:cpu:/\n1:cpuset:/x:y\n",
     CGROUP_LAYOUT_V1,                                                                                                                                                                                                                 { "/mnt/a b|cpuset|/x:y|/|v1" }                                                           },
    { "a path outside of our cgroup namespace",
     "1 0 0:31 /../.. /m rw - cgroup2 cgroup2 rw\n",                                                                    "0::/../x\n",
     CGROUP_LAYOUT_V2,                                                                                                                                                                                                                 { "/m||/|/../..|v2" }                                                                     },
    { "nothing mounted",                                                     "24 1 254:1 / / rw - ext4 /dev/vda1 rw\n", "1:memory:/\n0::/\n",                                                                    CGROUP_LAYOUT_NONE,   { 0 }                                                                                     },
    { "no controllers in the kernel",                                        "",                                        "",                                                                                      CGROUP_LAYOUT_NONE,   { 0 }                                                                                     },
    { "malformed lines",
     "\n \nx\n1 2 3\n- - - - - - -\n1 0 0:1 / /m rw - cgroup\n",                                                        "\n:\n1\n1:memory\n0::/\n",
     CGROUP_LAYOUT_NONE,                                                                                                                                                                                                               { 0 }                                                                                     },
};

static void test_layouts(void)
{
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        const struct layout_case *c = &layouts[i];
        struct host_cgroup cgroup;
        struct arena arena;
        struct error err = { 0 };
        size_t n = 0;

        CHECK_INT(arena_init(&arena, 1 << 20, &err), 0);
        printf("# %s\n", c->name);
        CHECK_INT(host_cgroup_parse(&cgroup, c->mountinfo, c->self, &arena, &err), 0);
        CHECK_INT(cgroup.layout, c->layout);
        for (; c->hierarchies[n]; n++) {
            const struct cgroup_hierarchy *h = &cgroup.hierarchies[n];

            CHECK(n < cgroup.n_hierarchies);
            CHECK_STR(arena_printf(&arena, "%s|%s|%s|%s|%s", h->mount_point, h->controllers, h->own_path, h->mount_root,
                                   h->v2 ? "v2" : "v1"),
                      c->hierarchies[n]);
        }
        CHECK_INT(cgroup.n_hierarchies, n);
        arena_done(&arena);
    }
}

static void test_subids(void)
{
    static const char text[] = "# comment\nann:100000:65536\nbob:200000:65536\n1000:300000:10\nann:400000:1\nanna:1:1\n"
                               "ann:x:1\nann:5\nann:4294967295:2\nann:4294967295:1\nann:7:0\nann:8:1\r\nann:9:1 x\n";
    struct arena arena;
    struct id_map *maps;
    size_t n;

    CHECK_INT(arena_init(&arena, 1 << 20, NULL), 0);
    CHECK_INT(subids_parse(text, "ann", 1000, &arena, &maps, &n), 0);
    CHECK_INT(n, 4);
    CHECK_INT(maps[0].host_id, 100000);
    CHECK_INT(maps[0].size, 65536);
    CHECK_INT(maps[1].host_id, 300000);
    CHECK_INT(maps[2].host_id, 400000);
    CHECK_INT(maps[3].host_id, 4294967295u);
    CHECK_INT(subids_parse(text, NULL, 100, &arena, &maps, &n), 0);
    CHECK_INT(n, 0);
    CHECK_STR(passwd_name("root:x:0:0::/:/bin/sh\n:x\nann:x:1000:1::/:\nlater:x:1000:1\n", 1000, &arena), "ann");
    CHECK(!passwd_name("root:x:0:0::/:/bin/sh\nx\ny:\nz:x:\n", 1000, &arena));
    arena_done(&arena);
}

static void test_uid_map(void)
{
    CHECK(uid_map_is_initial("         0          0 4294967295\n"));
    CHECK(!uid_map_is_initial("0 1000 1\n"));
    CHECK(!uid_map_is_initial("0 0 65536\n"));
    CHECK(!uid_map_is_initial("0 0 4294967295\n5 5 5\n"));
    CHECK(!uid_map_is_initial(""));
}

static void test_own_maps(void)
{
    struct arena arena;
    struct id_map *maps;
    size_t n;

    CHECK_INT(arena_init(&arena, 1 << 20, NULL), 0);
    CHECK_INT(own_map_parse("         0          0 4294967295\n", &arena, &maps, &n), 0);
    CHECK_INT(n, 0);
    CHECK_INT(own_map_parse("         0       1000          1\n         1     100000      65536\n", &arena, &maps, &n),
              0);
    CHECK_INT(n, 2);
    CHECK_INT(maps[0].host_id, 1000);
    CHECK_INT(maps[1].container_id, 1);
    CHECK_INT(maps[1].size, 65536);
    CHECK_INT(own_map_parse("", &arena, &maps, &n), 0);
    CHECK_INT(n, 0);
    arena_done(&arena);
}

static void test_delegation(void)
{
    struct cgroup_hierarchy hierarchies[] = {
        {"/nowhere", "",     "/u/own", "/", true,  false},
        { "/",       "pids", "/tmp",   "/", false, false}
    };
    struct host host = {
        .cgroup = {CGROUP_LAYOUT_HYBRID, hierarchies, 2}
    };
    struct arena arena;

    CHECK_INT(arena_init(&arena, 1 << 20, NULL), 0);
    host.euid = 1; /* the first is not there at all, and left out; the second is /tmp */
    host_probe_delegation(&host, NULL, &arena);
    CHECK_INT(host.cgroup.n_hierarchies, 1);
    CHECK_STR(hierarchies[0].own_path, "/tmp");
    CHECK(!hierarchies[0].closed);
    host_probe_delegation(&host, "/tmp/not/made/yet", &arena);
    CHECK(!hierarchies[0].closed);
    host_probe_delegation(&host, "proc/nothing", &arena);
    CHECK(hierarchies[0].closed || geteuid() == 0);
    arena_done(&arena);
}

static void test_needs(void)
{
    struct spec_namespace user = { NAMESPACE_USER, NULL }, time = { NAMESPACE_TIME, NULL };
    struct id_map map = { 0, 0, 1 };
    struct spec_linux lin = { 0 };
    struct spec_mount proc = { .type = "proc" }, cgroup = { .type = "cgroup" };
    struct spec spec = { .linux_ = &lin, .mounts = &proc, .n_mounts = 1 };

    CHECK_INT(host_needs(&spec, true), HOST_IDENTITY);
    spec.mounts = &cgroup;
    CHECK_INT(host_needs(&spec, true), HOST_IDENTITY | HOST_CGROUP);
    spec.mounts = &proc;
    CHECK_INT(host_needs(&spec, false), HOST_IDENTITY | HOST_CGROUP);
    lin.namespaces = &user;
    lin.n_namespaces = 1;
    CHECK_INT(host_needs(&spec, true), HOST_IDENTITY | HOST_SUBIDS);
    lin.uid_mappings = &map;
    lin.n_uid_mappings = 1;
    CHECK_INT(host_needs(&spec, true), HOST_IDENTITY);
    lin.namespaces = &time;
    CHECK_INT(host_needs(&spec, true), HOST_IDENTITY | HOST_NAMESPACES);
    lin.mount_label = "x";
    CHECK_INT(host_needs(&spec, true), HOST_IDENTITY | HOST_NAMESPACES | HOST_LSM);
}

static void test_load(void)
{
    struct arena arena;
    struct host host;
    struct error err = { 0 };

    CHECK_INT(arena_init(&arena, 1 << 20, NULL), 0);
    CHECK_INT(host_load(&host,
                        "{\"euid\":1000,\"capabilities\":\"0x1ffffffffff\",\"last_capability\":40,\"apparmor\":true,"
                        "\"subuids\":[{\"host_id\":100000,\"size\":65536}],\"path\":\"/bin\",\"cgroup\":{\"layout\":"
                        "\"hybrid\",\"hierarchies\":[{\"mount_point\":\"/m\",\"controllers\":\"\",\"v2\":true}]}}",
                        &arena, &err),
              0);
    CHECK_INT(host.euid, 1000);
    CHECK_INT(host.capabilities, 0x1ffffffffff);
    CHECK(host.apparmor && !host.selinux);
    CHECK_INT(host.n_subuids, 1);
    CHECK_INT(host.subuids[0].size, 65536);
    CHECK_INT(host.cgroup.layout, CGROUP_LAYOUT_HYBRID);
    CHECK_INT(host.cgroup.n_hierarchies, 1);
    CHECK(host.cgroup.hierarchies[0].v2);
    CHECK_STR(host.path, "/bin");
    CHECK_INT(host_load(&host, "{\"uid\":1}", &arena, &err), -EINVAL);
    CHECK_STR(err.text, "host.json: unknown fact \"uid\"");
    CHECK_INT(host_load(&host, "{\"euid\":-1}", &arena, &err), -EINVAL);
    CHECK_INT(host_load(&host, "{\"euid\":4294967296}", &arena, &err), -EINVAL);
    CHECK_INT(host_load(&host, "{\"cgroup\":{\"layout\":\"v3\"}}", &arena, &err), -EINVAL);
    CHECK_INT(host_load(&host, "{", &arena, &err), -EINVAL);
    CHECK_INT(host_load(&host, "[]", &arena, &err), -EINVAL);
    arena_done(&arena);
}

static void test_probe(void)
{
    struct arena arena;
    struct host host;
    struct error err = { 0 };

    CHECK_INT(arena_init(&arena, 1 << 20, NULL), 0);
    CHECK_INT(host_probe(&host, (unsigned) HOST_EVERYTHING, &arena, &err), 0);
    CHECK_INT(host.euid, geteuid());
    CHECK(host.last_capability >= 37 && host.last_capability < 64);
    if (getenv("PATH"))
        CHECK_STR(host.path, getenv("PATH"));
    printf("# layout %d, %zu hierarchies, last capability %u, effective %#llx, user namespace %d\n", host.cgroup.layout,
           host.cgroup.n_hierarchies, host.last_capability, (unsigned long long) host.capabilities,
           host.in_user_namespace);
    for (size_t i = 0; i < host.cgroup.n_hierarchies; i++)
        printf("# %s (%s) own %s root %s\n", host.cgroup.hierarchies[i].mount_point,
               host.cgroup.hierarchies[i].controllers, host.cgroup.hierarchies[i].own_path,
               host.cgroup.hierarchies[i].mount_root);
    arena_done(&arena);
}

static const struct test tests[] = {
    {"cgroup layouts",          test_layouts   },
    { "subordinate ids",        test_subids    },
    { "the initial uid_map",    test_uid_map   },
    { "maps of our own",        test_own_maps  },
    { "delegated cgroups",      test_delegation},
    { "what a spec needs",      test_needs     },
    { "host.json",              test_load      },
    { "probes of this machine", test_probe     },
};

TEST_MAIN(tests)
