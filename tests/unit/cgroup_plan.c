// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The planner's decisions on cgroups, without a machine: paths, hierarchies, what is enabled, what is an error, and the
 * order of rows with small limits. A plan is compared as text: its cgroup rows, and the rows they depend on.
 */
#include "plan/plan.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#include "test.h"

#define SET(n)                                                                                                         \
    {                                                                                                                  \
        true, n                                                                                                        \
    }

static struct arena arena;

/* ---- hosts ---- */

static struct cgroup_hierarchy hybrid[] = {
    {"/cg/memory",       "memory",       "/own", "/", false},
    { "/cg/cpu,cpuacct", "cpu,cpuacct",  "/own", "/", false},
    { "/cg/pids",        "pids",         "/own", "/", false},
    { "/cg/cpuset",      "cpuset",       "/own", "/", false},
    { "/cg/systemd",     "name=systemd", "/own", "/", false},
    { "/cg/unified",     "hugetlb",      "/own", "/", true },
};
static struct cgroup_hierarchy unified[] = {
    {"/cg", "cpuset,cpu,io,memory,hugetlb,pids,misc", "/u/own", "/", true}
};
static struct cgroup_hierarchy delegated[] = {
    {"/cg", "memory,pids", "/u/own", "/", true}
};
static struct cgroup_hierarchy closed_v2[] = {
    {"/cg/pids",     "pids", "/own", "/", false, false},
    { "/cg/unified", "",     "/own", "/", true,  true }
};
static struct cgroup_hierarchy inside[] = {
    {"/cg/pids", "pids", "/docker/abc", "/docker/abc", false}
};

#define HOST(list, kind)                                                                                               \
    {                                                                                                                  \
        kind, list, sizeof list / sizeof list[0]                                                                       \
    }
static struct host host_hybrid = { .capabilities = UINT64_MAX,
                                   .cgroup = HOST(hybrid, CGROUP_LAYOUT_HYBRID),
                                   .clone_into_cgroup = true };
static struct host host_v2 = { .capabilities = UINT64_MAX,
                               .cgroup = HOST(unified, CGROUP_LAYOUT_V2),
                               .clone_into_cgroup = true };
static struct host host_user = { .euid = 1000, .cgroup = HOST(delegated, CGROUP_LAYOUT_V2), .clone_into_cgroup = true };
static struct host host_inside = { .capabilities = UINT64_MAX, .cgroup = HOST(inside, CGROUP_LAYOUT_V1) };
static struct host host_closed_v2 = { .capabilities = UINT64_MAX, .cgroup = HOST(closed_v2, CGROUP_LAYOUT_HYBRID) };
static struct host host_none = { .capabilities = UINT64_MAX, .cgroup = { 0 } };

/* ---- the plan of cgroups as text ---- */

static const char *text_of(const struct plan *plan, op_str ref)
{
    const char *text = blob_str(plan->blob, ref);

    return text ? text : "";
}

static const char *row_text(const struct plan *plan, const struct op *op)
{
    if (op->kind == OP_CGROUP_MAKE)
        return arena_printf(&arena, "make %d %s%s%s%s%s%s\n", (int) op->cgroup_make.hierarchy,
                            text_of(plan, op->cgroup_make.path), op->cgroup_make.enable ? " +" : "",
                            text_of(plan, op->cgroup_make.enable), op->cgroup_make.flags & CGROUP_MAKE_V2 ? " v2" : "",
                            op->cgroup_make.flags & CGROUP_MAKE_CPUSET ? " cpuset" : "",
                            op->cgroup_make.flags & CGROUP_MAKE_OPTIONAL ? " optional" : "");
    if (op->kind == OP_CGROUP_WRITE)
        return arena_printf(&arena, "write %d %s=%s\n", (int) op->cgroup_write.hierarchy,
                            text_of(plan, op->cgroup_write.file), text_of(plan, op->cgroup_write.value));
    if (op->kind == OP_CGROUP_DEVICES)
        return arena_printf(&arena, "devices %d%s\n", (int) op->cgroup_devices.hierarchy,
                            op->cgroup_devices.flags & CGROUP_WRITE_OPTIONAL ? " optional" : "");
    if (op->kind == OP_CGROUP_JOIN)
        return arena_printf(&arena, "join %#x\n", (unsigned) op->cgroup_join.mask);
    if (op->kind == OP_CGROUP_LEAVE)
        return arena_printf(&arena, "leave %d to %s\n", (int) op->cgroup_leave.hierarchy,
                            text_of(plan, op->cgroup_leave.path));
    if (op->kind == OP_CLONE)
        return arena_printf(&arena, "clone %d\n", (int) op->clone.hierarchy);
    if (op->kind == OP_UNSHARE && op->unshare.flags == CLONE_NEWCGROUP)
        return "cgroup namespace\n";
    return op->kind == OP_EXEC ? "exec\n" : "";
}

/* Lines of PLAN that begin with one of the words of WHICH ("make write"); all of them for NULL. */
static const char *plan_text(const struct plan *plan, const char *which)
{
    const char *text = "";

    for (uint32_t i = 0; i < plan->blob->n_ops; i++) {
        const char *row = row_text(plan, &blob_ops(plan->blob)[i]);
        size_t length = strcspn(row, " \n");

        if (*row && (!which || strstr(which, arena_strndup(&arena, row, length))))
            text = arena_printf(&arena, "%s%s", text, row);
    }
    return text;
}

struct request {
    struct host *host;
    struct spec_resources *resources;
    const char *path;
    bool cgroup_namespace;
    enum cgroup_manager manager;
    const char *id;
};

static const char *args[] = { "/bin/true" };

/* The plan, or "!" and the error. */
static const char *plan_of(const struct request *request, const char *which)
{
    struct spec_namespace namespaces[] = {
        {NAMESPACE_MOUNT,   NULL},
        { NAMESPACE_CGROUP, NULL}
    };
    struct spec_linux lin = { .cgroups_path = request->path,
                              .resources = request->resources,
                              .namespaces = namespaces,
                              .n_namespaces = request->cgroup_namespace ? 2 : 1 };
    struct spec_root root = { "/rootfs", false };
    struct spec_process process = { .args = args, .n_args = 1, .cwd = "/" };
    struct spec spec = { .oci_version = "1.0.0", .root = &root, .process = &process, .linux_ = &lin };
    struct plan_input input = { .spec = &spec,
                                .host = request->host,
                                .id = request->id ? request->id : "ID",
                                .bundle = "/bundle",
                                .manager = request->manager };
    struct error err = { 0 };
    struct plan plan;
    const char *text;

    request->host->cgroup_namespace = true;
    if (plan_create(&input, &arena, &plan, &err) < 0)
        return arena_printf(&arena, "!%s", err.text);
    text = plan_text(&plan, which);
    plan_done(&plan);
    return text;
}

static struct spec_device_rule deny_all = { false, 'a', { 0 }, { 0 }, NULL },
                               allow_all = { true, 'a', { 0 }, { 0 }, NULL };
static struct spec_memory memory_large = { .limit = SET(1 << 30) }, memory_small = { .limit = SET(524288) };
static struct spec_hugepage_limit pages = { "2MB", 0 };
static struct string_pair unified_keys[] = {
    {"memory.high",       "1G"},
    { "cgroup.max.depth", "5" }
};
static struct string_pair unified_missing[] = {
    {"dmem.max", "1"}
};
static struct spec_network network = { .class_id = SET(1) };

static struct spec_resources nothing,
    large = { .memory = &memory_large, .pids_limit = SET(100) },
    small = { .memory = &memory_small, .pids_limit = SET(1) }, small_memory = { .memory = &memory_small },
    one_pid = { .pids_limit = SET(1) }, huge = { .hugepage_limits = &pages, .n_hugepage_limits = 1 },
    listed = { .devices = &deny_all, .n_devices = 1 }, open_devices = { .devices = &allow_all, .n_devices = 1 },
    raw = { .unified = unified_keys, .n_unified = 2 }, raw_missing = { .unified = unified_missing, .n_unified = 1 },
    class_id = { .network = &network };

static const struct plan_case {
    const char *name;
    struct request request;
    const char *which, *want;
} cases[] = {
    {"hybrid, nothing asked",
     { &host_hybrid, NULL, NULL },
     "make write devices clone join",                                                                                  "make 0 /ID optional\nmake 1 /ID optional\nmake 2 /ID optional\nmake 3 /ID cpuset optional\nmake 4 /ID optional\n"
      "make 5 /ID v2 optional\ndevices 5 optional\nclone 5\njoin 0x1f\n"                                                                                                                       },
    { "hybrid, limits",
     { &host_hybrid, &large, "a//b/./c/" },
     "make write",                                                                                                     "make 0 /a/b/c\nwrite 0 memory.limit_in_bytes=1073741824\nmake 1 /a/b/c optional\nmake 2 /a/b/c\n"
      "write 2 pids.max=100\nmake 3 /a/b/c cpuset optional\nmake 4 /a/b/c optional\nmake 5 /a/b/c v2 optional\n"                                                                                                  },
    { "hybrid, a controller that is on v2",
     { &host_hybrid, &huge, "/x" },
     "make write",                                                                                                     "make 0 /x optional\nmake 1 /x optional\nmake 2 /x optional\nmake 3 /x cpuset optional\nmake 4 /x optional\n"
      "make 5 /x +hugetlb v2\nwrite 5 hugetlb.2MB.max=0\nwrite 5 hugetlb.2MB.rsvd.max=0\n"                                                                                                                        },
    { "v2, limits",
     { &host_v2, &large, NULL },
     NULL,                                                                                                             "make 0 /ID +memory pids ?cpu ?io ?cpuset ?hugetlb v2\nwrite 0 memory.max=1073741824\nwrite 0 pids.max=100\n"
      "devices 0 optional\nclone 0\nexec\n"                                                                                                                                                                               },
    { "v2, unified",
     { &host_v2, &raw, NULL },
     "make write",                                                                                                     "make 0 /ID +memory ?cpu ?pids ?io ?cpuset ?hugetlb v2\nwrite 0 memory.high=1G\nwrite 0 cgroup.max.depth=5\n"},
    { "v2, listed devices",                     { &host_v2, &listed, NULL },                                "devices", "devices 0\n"                                                                                                },
    { "v2, all devices",                        { &host_v2, &open_devices, NULL },                          "devices", ""                                                                                                           },
    { "v2, small limits",
     { &host_v2, &small, NULL },
     NULL,                                                                                                             "make 0 /ID +memory pids ?cpu ?io ?cpuset ?hugetlb v2\nwrite 0 memory.max=524288\ndevices 0 optional\nclone -1\n"
      "write 0 pids.max=1\njoin 0x1\nexec\n"                                                                                                                                                                              },
    { "v2, small limits, cgroup namespace",
     { &host_v2, &small, NULL, true },
     "clone cgroup join leave write",                                                                                  "write 0 memory.max=524288\nclone -1\njoin 0x1\ncgroup namespace\nleave 0 to /u/own\nwrite 0 pids.max=1\n"
      "join 0x1\n"                                                                                                                                                                             },
    { "hybrid, small memory",
     { &host_hybrid, &small_memory, NULL },
     "clone cgroup join leave",                                                                                        "clone 5\njoin 0x1e\njoin 0x1\n"                                                                             },
    { "hybrid, small memory, cgroup namespace",
     { &host_hybrid, &small_memory, NULL, true },
     "clone cgroup join leave",                                                                                        "clone 5\njoin 0x1f\ncgroup namespace\nleave 0 to /own\njoin 0x1\n"                                          },
    { "hybrid, one process",
     { &host_hybrid, &one_pid, NULL, true },
     "write clone cgroup join leave",                                                                                  "clone 5\njoin 0x1f\ncgroup namespace\nwrite 2 pids.max=1\n"                                                 },
    { "a user, nothing asked",
     { &host_user, NULL, NULL },
     NULL,                                                                                                             "make 0 /u/own/ID +?memory ?pids v2 optional\nclone -1\njoin 0x1\nexec\n"                                    },
    { "a user, listed devices",
     { &host_user, &listed, NULL },
     "make devices",                                                                                                   "make 0 /u/own/ID +?memory ?pids v2 optional\n"                                                              },
    { "inside a container, visible path",       { &host_inside, NULL, "/docker/abc/x" },                    "make",    "make 0 /x optional\n"                                                                                       },
    { "inside a container, any path",
     { &host_inside, NULL, "/docker/abcd/x" },
     "make",                                                                                                           "make 0 /docker/abcd/x optional\n"                                                                           },
    { "no cgroups",                             { &host_none, NULL, NULL },                                 NULL,      "clone -1\nexec\n"                                                                                           },
    { "disabled",                               { &host_v2, &large, NULL, false, CGROUP_MANAGER_DISABLED }, NULL,      "clone -1\nexec\n"                                                                                           },
    { "systemd",
     { &host_v2, NULL, "/x", false, CGROUP_MANAGER_SYSTEMD },
     NULL,                                                                                                             "!linux.cgroupsPath: expected \"slice:prefix:name\" with --cgroup-manager systemd, found \"/x\""             },
    { "climbing path",                          { &host_v2, NULL, "/a/../b" },                              NULL,      "!linux.cgroupsPath: \"/a/../b\" has \"..\" in it"                                                           },
    { "climbing relative path",                 { &host_v2, NULL, ".." },                                   NULL,      "!linux.cgroupsPath: \"..\" has \"..\" in it"                                                                },
    { "the root",                               { &host_v2, NULL, "//./" },                                 NULL,      "!linux.cgroupsPath: \"//./\" is the root of the cgroups"                                                    },
    { "dots that are names",
     { &host_v2, NULL, "/..a/...", true },
     "make",                                                                                                           "make 0 /..a/... +?cpu ?memory ?pids ?io ?cpuset ?hugetlb v2 optional\n"                                     },
    { "missing on v1",
     { &host_inside, &large, "/x" },
     NULL,                                                                                                             "!linux.resources.memory.limit: no cgroup controller \"memory\" is available below \"/x\" (available: pids)" },
    { "missing devices",
     { &host_inside, &listed, "/x" },
     NULL,                                                                                                             "!linux.resources.devices: no cgroup controller \"devices\" is available below \"/x\" (available: pids)"     },
    { "missing for a user",
     { &host_user, &huge, "/x" },
     NULL,                                                                                                             "!linux.resources.hugepageLimits[0]: no cgroup controller \"hugetlb\" is available below \"/x\" (available: "
      "memory,pids; root can delegate it: systemctl edit user@.service, [Service] Delegate=hugetlb)"                                                                                                                      },
    { "missing everything",
     { &host_none, &large, "/x" },
     NULL,                                                                                                             "!linux.resources.memory.limit: no cgroup controller \"memory\" is available (no cgroup file system is mounted; "
      "without any limits containers run with --cgroup-manager disabled)"                                                                                                                                                 },
    { "unified on v1",
     { &host_inside, &raw, "/x" },
     NULL,                                                                                                             "!linux.resources.unified: needs cgroup v2, which is not mounted"                                            },
    { "unified where v2 is closed",
     { &host_closed_v2, &raw, "/x" },
     NULL,                                                                                                             "!linux.resources.unified: the container has no cgroup in the v2 hierarchy, \"/cg/unified\" (it is read-only, "
      "or not delegated to you)"                                                                                                                                                                                          },
    { "unified key of a missing controller",
     { &host_v2, &raw_missing, "/x" },
     NULL,                                                                                                             "!linux.resources.unified[\"dmem.max\"]: no cgroup controller \"dmem\" is available below \"/x\" (available: "
      "cpuset,cpu,io,memory,hugetlb,pids,misc)"                                                                                                                                                                           },
    { "no counterpart on v2",
     { &host_v2, &class_id, "/x" },
     NULL,                                                                                                             "!linux.resources.network.classID: no cgroup controller \"net_cls\" is available below \"/x\" (available: "
      "cpuset,cpu,io,memory,hugetlb,pids,misc)"                                                                                                                                                                           },
    { "empty resources",
     { &host_v2, &nothing, NULL },
     "make devices",                                                                                                   "make 0 /ID +?cpu ?memory ?pids ?io ?cpuset ?hugetlb v2 optional\ndevices 0 optional\n"                      },
};

static void test_cases(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        printf("# %s\n", cases[i].name);
        CHECK_STR(plan_of(&cases[i].request, cases[i].which), cases[i].want);
    }
}

/* An id may have 1024 characters, a directory 255: two long ids that differ at the end stay apart. */
static void test_long_id(void)
{
    char a[1025], b[1025], name[300];
    struct request request = { &host_v2, NULL, NULL, false, CGROUP_MANAGER_CGROUPFS, a };
    const char *first, *second;

    memset(a, 'x', sizeof a);
    a[1024] = '\0';
    strcpy(b, a);
    b[1023] = 'y';
    first = plan_of(&request, "make");
    request.id = b;
    second = plan_of(&request, "make");
    CHECK(strcmp(first, second) != 0);
    CHECK_INT(sscanf(first, "make 0 /%299s", name), 1);
    CHECK_INT(strlen(name), 255);
    a[255] = '\0';
    request.id = a;
    CHECK_INT(sscanf(plan_of(&request, "make"), "make 0 /%299s", name), 1);
    CHECK_STR(name, a);
}

static const struct test tests[] = {
    {"plans of cgroups", test_cases  },
    { "long ids",        test_long_id},
};

int main(void)
{
    if (arena_init(&arena, ARENA_DEFAULT_SIZE, NULL) < 0)
        return 1;
    return test_main(tests, sizeof tests / sizeof tests[0]);
}
