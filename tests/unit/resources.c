// SPDX-License-Identifier: GPL-2.0-or-later
/* linux.resources as rows, for both cgroup versions: each case gives the rows as text, "file=value" a line. */
#include "plan/resources.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "plan/ops.h"
#include "test.h"

#define SET(n)                                                                                                         \
    {                                                                                                                  \
        true, n                                                                                                        \
    }

static struct arena arena;

static struct spec_memory memory_all = { .limit = SET(1 << 20),
                                         .reservation = SET(4096),
                                         .swap = SET(3 << 20),
                                         .kernel = SET(5),
                                         .kernel_tcp = SET(6),
                                         .swappiness = SET(0),
                                         .disable_oom_killer = SET(true) };
static struct spec_memory memory_plain = { .limit = SET(1 << 20), .swap = SET(3 << 20), .reservation = SET(4096) };
static struct spec_memory memory_unlimited = { .limit = SET(-1), .swap = SET(-1), .reservation = SET(-1) };
static struct spec_memory memory_zero = { .limit = SET(0), .swap = SET(0), .reservation = SET(0), .kernel = SET(0) };
static struct spec_memory memory_no_swap = { .limit = SET(4096), .swap = SET(4096) };
static struct spec_memory memory_swap_alone = { .swap = SET(4096) };
static struct spec_memory memory_swap_small = { .limit = SET(8192), .swap = SET(4096) };
static struct spec_memory memory_swappiness = { .swappiness = SET(10) };
static struct spec_memory memory_oom = { .disable_oom_killer = SET(true) };
static struct spec_memory memory_kernel = { .kernel = SET(4096), .disable_oom_killer = SET(false) };

static struct spec_cpu cpu_all = { .shares = SET(1024),
                                   .period = SET(50000),
                                   .quota = SET(20000),
                                   .burst = SET(1000),
                                   .idle = SET(1),
                                   .realtime_period = SET(1000000),
                                   .realtime_runtime = SET(950000),
                                   .cpus = "0-1",
                                   .mems = "0" };
static struct spec_cpu cpu_quota = { .quota = SET(20000), .shares = SET(2), .burst = SET(0), .idle = SET(0) };
static struct spec_cpu cpu_period = { .period = SET(20000), .quota = SET(-1), .shares = SET(262144) };
static struct spec_cpu cpu_no_quota = { .quota = SET(-1), .cpus = "", .realtime_runtime = SET(0) };
static struct spec_cpu cpu_realtime = { .realtime_runtime = SET(1) };
static struct spec_cpu cpu_zero = { .shares = SET(0), .quota = SET(0), .period = SET(0) };

static struct spec_weight_device weights[] = {
    {8,  0,  SET(500), { 0 }   },
    { 8, 16, { 0 },    SET(300)}
};
static struct spec_throttle_device throttle_a[] = { { 8, 0, 1048576 }, { 8, 16, 0 } }, throttle_b[] = { { 8, 0, 100 } };
static struct spec_block_io io_all = {
    .weight = SET(1000),
    .leaf_weight = SET(10),
    .weight_devices = weights,
    .n_weight_devices = 2,
    .throttle = {[THROTTLE_READ_BPS] = { throttle_a, 2 }, [THROTTLE_WRITE_IOPS] = { throttle_b, 1 }}
};
static struct spec_block_io io_v2 = {
    .weight = SET(10),
    .weight_devices = weights,
    .n_weight_devices = 1,
    .throttle = {[THROTTLE_READ_BPS] = { throttle_a, 2 },
                 [THROTTLE_WRITE_BPS] = { throttle_b, 1 },
                 [THROTTLE_READ_IOPS] = { throttle_b, 1 },
                 [THROTTLE_WRITE_IOPS] = { throttle_b, 1 }}
};
static struct spec_block_io io_leaf = { .leaf_weight = SET(10) };

static struct spec_hugepage_limit pages[] = {
    {"2MB",  4194304              },
    { "1GB", 18446744073709551615u}
};
static struct spec_hugepage_limit pages_bad[] = { { "../x", 1 } }, pages_null[] = { { NULL, 1 } };
static struct spec_interface_priority priorities[] = {
    {"eth0", 5},
    { "lo",  0}
};
static struct spec_network network = { SET(1048577), priorities, 2 };
static struct spec_rdma rdma[] = {
    {"mlx5_0", SET(3), SET(10000)},
    { "mlx4",  SET(1), { 0 }     },
    { "none",  { 0 },  { 0 }     }
};
static struct string_pair unified[] = {
    {"memory.high", "1G"                     },
    { "io.max",     "8:0 rbps=1\n8:16 rbps=2"}
};
static struct string_pair unified_slash[] = { { "../x.y", "1" } }, unified_plain[] = { { "memory", "1" } },
                          unified_kill[] = { { "cgroup.kill", "1" } };

/* WANT: rows, or what the error says, beginning with "!". A row with flags has "?" (optional) or "|" (or next). */
static const struct rows_case {
    const char *name;
    resource_converter *convert;
    struct spec_resources resources;
    const char *want;
} cases[] = {
    {"memory v1",
     memory_rows_v1,                          { .memory = &memory_all },
     "memory.limit_in_bytes=1048576\nmemory.memsw.limit_in_bytes=3145728\nmemory.soft_limit_in_bytes=4096\n"
      "memory.kmem.limit_in_bytes?=5\nmemory.kmem.tcp.limit_in_bytes?=6\nmemory.swappiness=0\nmemory.oom_control=1\n"              },
    { "memory v2",
     memory_rows_v2,                          { .memory = &memory_plain },
     "memory.max=1048576\nmemory.swap.max=2097152\nmemory.low=4096\n"                                                              },
    { "no limits v1",
     memory_rows_v1,                          { .memory = &memory_unlimited },
     "memory.limit_in_bytes=-1\nmemory.memsw.limit_in_bytes=-1\nmemory.soft_limit_in_bytes=-1\n"                                   },
    { "no limits v2",
     memory_rows_v2,                          { .memory = &memory_unlimited },
     "memory.max=max\nmemory.swap.max?=max\nmemory.low=max\n"                                                                      },
    { "zero is unset v1",     memory_rows_v1, { .memory = &memory_zero },                   ""                                     },
    { "zero is unset v2",     memory_rows_v2, { .memory = &memory_zero },                   ""                                     },
    { "no swap",              memory_rows_v2, { .memory = &memory_no_swap },                "memory.max=4096\nmemory.swap.max?=0\n"},
    { "swap alone v1",
     memory_rows_v1,                          { .memory = &memory_swap_alone },
     "!linux.resources.memory.swap: 4096 counts memory and swap together, so it needs linux.resources.memory.limit"                },
    { "swap alone v2",
     memory_rows_v2,                          { .memory = &memory_swap_alone },
     "!linux.resources.memory.swap: 4096 counts memory and swap together, so it needs linux.resources.memory.limit"                },
    { "swap below the limit",
     memory_rows_v2,                          { .memory = &memory_swap_small },
     "!linux.resources.memory.swap: 4096 counts memory and swap together and is below linux.resources.memory.limit "
      "8192"                                                                                                                       },
    { "swappiness v2",
     memory_rows_v2,                          { .memory = &memory_swappiness },
     "!linux.resources.memory.swappiness: controller \"memory\" of cgroup v2 has nothing like it"                                  },
    { "oom killer v2",
     memory_rows_v2,                          { .memory = &memory_oom },
     "!linux.resources.memory.disableOOMKiller: controller \"memory\" of cgroup v2 has nothing like it"                            },
    { "kernel memory v2",     memory_rows_v2, { .memory = &memory_kernel },                 ""                                     },
    { "cpu v1",
     cpu_rows_v1,                             { .cpu = &cpu_all },
     "cpu.cfs_period_us=50000\ncpu.cfs_quota_us=20000\ncpu.cfs_burst_us=1000\n"
      "cpu.rt_period_us=1000000\ncpu.rt_runtime_us=950000\ncpu.idle=1\n"                                                           },
    { "cpuset",               cpuset_rows,    { .cpu = &cpu_all },                          "cpuset.cpus=0-1\ncpuset.mems=0\n"     },
    { "cpu v2 quota",
     cpu_rows_v2,                             { .cpu = &cpu_quota },
     "cpu.weight=1\ncpu.max=20000 100000\ncpu.max.burst?=0\ncpu.idle?=0\n"                                                         },
    { "cpu v2 period",        cpu_rows_v2,    { .cpu = &cpu_period },                       "cpu.weight=10000\ncpu.max=max 20000\n"},
    { "cpu v2 no quota",      cpu_rows_v2,    { .cpu = &cpu_no_quota },                     "cpu.max=max 100000\n"                 },
    { "cpu v2 zero",          cpu_rows_v2,    { .cpu = &cpu_zero },                         ""                                     },
    { "cpu v1 zero",          cpu_rows_v1,    { .cpu = &cpu_zero },                         ""                                     },
    { "realtime v2",
     cpu_rows_v2,                             { .cpu = &cpu_realtime },
     "!linux.resources.cpu.realtimeRuntime: controller \"cpu\" of cgroup v2 has nothing like it"                                   },
    { "blkio v1",
     block_io_rows_v1,                        { .block_io = &io_all },
     "blkio.weight|=1000\nblkio.bfq.weight=1000\nblkio.leaf_weight=10\nblkio.weight_device|=8:0 500\n"
      "blkio.bfq.weight_device=8:0 500\nblkio.leaf_weight_device=8:16 300\n"
      "blkio.throttle.read_bps_device=8:0 1048576\nblkio.throttle.read_bps_device=8:16 0\n"
      "blkio.throttle.write_iops_device=8:0 100\n"                                                                                 },
    { "io v2",
     block_io_rows_v2,                        { .block_io = &io_v2 },
     "io.bfq.weight|=10\nio.weight=1\nio.bfq.weight|=8:0 500\nio.weight=8:0 4950\nio.max=8:0 rbps=1048576\n"
      "io.max=8:16 rbps=max\nio.max=8:0 wbps=100\nio.max=8:0 riops=100\nio.max=8:0 wiops=100\n"                                    },
    { "leaf weight v2",
     block_io_rows_v2,                        { .block_io = &io_leaf },
     "!linux.resources.blockIO.leafWeight: controller \"io\" of cgroup v2 has nothing like it"                                     },
    { "nothing",              cpu_rows_v1,    { 0 },                                        ""                                     },
    { "unified",
     resource_rows_unified,                   { .unified = unified, .n_unified = 2 },
     "memory.high=1G\nio.max=8:0 rbps=1\n8:16 rbps=2\n"                                                                            },
    { "unified path",
     resource_rows_unified,                   { .unified = unified_slash, .n_unified = 1 },
     "!linux.resources.unified[\"../x.y\"]: not the name of a cgroup file"                                                         },
    { "unified no resource",
     resource_rows_unified,                   { .unified = unified_kill, .n_unified = 1 },
     "!linux.resources.unified[\"cgroup.kill\"]: not a resource: it acts on the processes of the cgroup"                           },
    { "unified word",
     resource_rows_unified,                   { .unified = unified_plain, .n_unified = 1 },
     "!linux.resources.unified[\"memory\"]: not the name of a cgroup file"                                                         },
};

static const char *convert(resource_converter *converter, const struct spec_resources *resources)
{
    struct error err = { 0 };
    struct resource_rows rows = { .arena = &arena, .err = &err };
    const char *text = "";

    converter(&rows, resources);
    if (rows.failed)
        return arena_printf(&arena, "!%s", err.text);
    for (size_t i = 0; i < rows.n; i++)
        text = arena_printf(&arena, "%s%s%s%s=%s\n", text, rows.rows[i].file,
                            rows.rows[i].flags & CGROUP_WRITE_OPTIONAL ? "?" : "",
                            rows.rows[i].flags & CGROUP_WRITE_OR_NEXT ? "|" : "", rows.rows[i].value);
    return text;
}

static void test_cases(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        printf("# %s\n", cases[i].name);
        CHECK_STR(convert(cases[i].convert, &cases[i].resources), cases[i].want);
    }
}

static const char *by_index(int index, bool v2, const struct spec_resources *resources)
{
    return convert(v2 ? resource_controllers[index].rows_v2 : resource_controllers[index].rows_v1, resources);
}

static void test_small_controllers(void)
{
    const struct spec_resources zero = { .pids_limit = SET(0) }, none = { .pids_limit = SET(-1) };
    const struct spec_resources huge = { .hugepage_limits = pages, .n_hugepage_limits = 2 };
    const struct spec_resources bad = { .hugepage_limits = pages_bad, .n_hugepage_limits = 1 };
    const struct spec_resources null = { .hugepage_limits = pages_null, .n_hugepage_limits = 1 };
    const struct spec_resources net = { .network = &network }, hca = { .rdma = rdma, .n_rdma = 3 };

    CHECK_STR(by_index(RESOURCE_PIDS, true, &zero), "pids.max=0\n");
    CHECK_STR(by_index(RESOURCE_PIDS, false, &none), "pids.max=max\n");
    CHECK_STR(
        by_index(RESOURCE_HUGETLB, false, &huge),
        "hugetlb.2MB.limit_in_bytes=4194304\nhugetlb.2MB.rsvd.limit_in_bytes?=4194304\n"
        "hugetlb.1GB.limit_in_bytes=18446744073709551615\nhugetlb.1GB.rsvd.limit_in_bytes?=18446744073709551615\n");
    CHECK_STR(by_index(RESOURCE_HUGETLB, true, &huge),
              "hugetlb.2MB.max=4194304\nhugetlb.2MB.rsvd.max?=4194304\n"
              "hugetlb.1GB.max=18446744073709551615\nhugetlb.1GB.rsvd.max?=18446744073709551615\n");
    CHECK_STR(by_index(RESOURCE_HUGETLB, true, &bad),
              "!linux.resources.hugepageLimits[0]: \"../x\" is not a page size like \"2MB\"");
    CHECK_STR(by_index(RESOURCE_HUGETLB, true, &null),
              "!linux.resources.hugepageLimits[0]: \"\" is not a page size like \"2MB\"");
    CHECK_STR(by_index(RESOURCE_NET_CLS, false, &net), "net_cls.classid=1048577\n");
    CHECK_STR(by_index(RESOURCE_NET_PRIO, false, &net), "net_prio.ifpriomap=eth0 5\nnet_prio.ifpriomap=lo 0\n");
    CHECK_STR(by_index(RESOURCE_RDMA, true, &hca),
              "rdma.max=mlx5_0 hca_handle=3 hca_object=10000\nrdma.max=mlx4 hca_handle=1\n");
}

/* The series against libm, for every value there is. */
static void test_weight(void)
{
    CHECK_INT(cpu_weight(0), 1);
    CHECK_INT(cpu_weight(2), 1);
    CHECK_INT(cpu_weight(1024), 100);
    CHECK_INT(cpu_weight(262144), 10000);
    CHECK_INT(cpu_weight(UINT64_MAX), 10000);
    for (uint64_t shares = 2; shares <= 262144; shares++) {
        double l = log2((double) shares), exact = pow(10, (l * l + 125 * l) / 612 - 7.0 / 34);

        CHECK_INT(cpu_weight(shares), (uint64_t) ceil(exact - 1e-9));
    }
}

static void test_memory_limit(void)
{
    static struct string_pair high[] = {
        {"memory.high", "4096"},
        { "memory.max", "max" },
        { "pids.max",   "1"   }
    };
    const struct spec_resources plain = { .memory = &memory_plain }, none = { .memory = &memory_unlimited };
    const struct spec_resources unified_only = { .unified = high, .n_unified = 3 };

    CHECK_INT(memory_limit(NULL), INT64_MAX);
    CHECK_INT(memory_limit(&none), INT64_MAX);
    CHECK_INT(memory_limit(&plain), 1 << 20);
    CHECK_INT(memory_limit(&unified_only), 4096);
}

static const struct test tests[] = {
    {"memory, cpu, block I/O, unified", test_cases            },
    { "pids, hugetlb, network, rdma",   test_small_controllers},
    { "shares as weight",               test_weight           },
    { "the memory limit",               test_memory_limit     },
};

int main(void)
{
    if (arena_init(&arena, ARENA_DEFAULT_SIZE, NULL) < 0)
        return 1;
    return test_main(tests, sizeof tests / sizeof tests[0]);
}
