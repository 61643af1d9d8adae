// SPDX-License-Identifier: GPL-2.0-or-later
/* Plans of `update`: from a document and what is in force to rows as text, "file=value" a line, and how they go back. */
#include "plan/update.h"

#include <errno.h>
#include <stdlib.h>

#include "spec/load.h"
#include "test.h"

static struct arena arena;

#define SET(n)                                                                                                         \
    {                                                                                                                  \
        true, n                                                                                                        \
    }

static struct cgroup_dir v1_dirs[] = {
    {"/c/memory",   "/x", false, "memory" },
    { "/c/cpu",     "/x", false, "cpu"    },
    { "/c/devices", "/x", false, "devices"},
    { "/c/pids",    "/x", false, "pids"   },
};
static struct cgroup_dir v2_dirs[] = {
    {"/c", "/x", true, "memory,cpu,pids,io"},
};
static const struct host v1_host = { .cgroup = { .layout = CGROUP_LAYOUT_V1 } };
static struct host v2_host = { .cgroup = { .layout = CGROUP_LAYOUT_V2 } };

static const struct update_facts facts = { .memory_limit = SET(1000),
                                           .memory_swap = SET(2000),
                                           .memory_usage = SET(500),
                                           .swap_usage = SET(100),
                                           .cpu_quota = SET(50000),
                                           .cpu_period = SET(100000),
                                           .cpu_burst = SET(4000),
                                           .devices = "c 1:3 rwm\nc 10:200 rw\nb 8:* r\n" };

static struct update_plan plan;
static struct error err;

static uint64_t kept_weight;
static const struct spec_resources *made_with;

static int make(bool v2, const char *text, const struct update_facts *with)
{
    const struct document document = { "r.json", (char *) text, strlen(text) };
    struct update_input input = { .host = v2 ? &v2_host : &v1_host,
                                  .cgroups = v2 ? v2_dirs : v1_dirs,
                                  .n_cgroups = v2 ? 1 : 4,
                                  .facts = with,
                                  .unit = true,
                                  .kept_weight = kept_weight,
                                  .made_with = made_with };

    err = (struct error){ 0 };
    if (spec_load_resources(&document, &arena, &input.resources, &err) < 0)
        return -EPROTO;
    return plan_update(&input, &arena, &plan, &err);
}

static const char *rows_text(void)
{
    const char *text = "";

    for (size_t i = 0; i < plan.n_rows; i++)
        text = arena_printf(&arena, "%s%s=%s;", text, plan.rows[i].write.file, plan.rows[i].write.value);
    return text;
}

static const char *properties_text(void)
{
    const char *text = "";

    for (size_t i = 0; i < plan.n_properties; i++)
        text = arena_printf(&arena, "%s%s;", text, plan.properties[i]);
    return text;
}

static const char *undo_text(void)
{
    const char *text = "";

    for (size_t i = plan.n_rows; i-- > 0;)
        for (size_t k = 0; k < plan.rows[i].n_undo; k++)
            text = arena_printf(&arena, "%s%s=%s;", text, plan.rows[i].undo[k].file, plan.rows[i].undo[k].value);
    return text;
}

static const char *planned(bool v2, const char *text)
{
    return make(v2, text, &facts) < 0 ? err.text : rows_text();
}

static void orders_memory(void)
{
    CHECK_STR(planned(false, "{\"memory\":{\"limit\":1500,\"swap\":1800}}"),
              "memory.limit_in_bytes=1500;memory.memsw.limit_in_bytes=1800;");
    CHECK_STR(planned(false, "{\"memory\":{\"limit\":3000,\"swap\":4000}}"),
              "memory.memsw.limit_in_bytes=4000;memory.limit_in_bytes=3000;");
    CHECK_STR(planned(false, "{\"memory\":{\"limit\":-1,\"swap\":-1}}"),
              "memory.memsw.limit_in_bytes=-1;memory.limit_in_bytes=-1;");
    CHECK_STR(planned(false, "{\"memory\":{\"limit\":-1}}"),
              "memory.memsw.limit_in_bytes=-1;memory.limit_in_bytes=-1;");
}

static void completes_memory(void)
{
    CHECK_STR(planned(false, "{\"memory\":{\"swap\":1800}}"), "memory.memsw.limit_in_bytes=1800;");
    CHECK_STR(planned(true, "{\"memory\":{\"swap\":1800}}"), "memory.swap.max=800;");
    CHECK_STR(planned(true, "{\"memory\":{\"limit\":5000}}"), "memory.max=5000;");
    CHECK(strstr(planned(true, "{\"memory\":{\"swap\":900}}"), "linux.resources.memory.swap: 900"));
    CHECK(strstr(planned(false, "{\"memory\":{\"limit\":2001}}"), "must be raised with it"));
    CHECK_STR(planned(false, "{\"memory\":{\"limit\":0,\"swap\":0}}"), "");
}

static void checks_usage(void)
{
    CHECK(
        strstr(planned(true, "{\"memory\":{\"limit\":400,\"checkBeforeUpdate\":true}}"), "rejecting memory limit 400"));
    CHECK(strstr(planned(false, "{\"memory\":{\"limit\":550,\"swap\":590,\"checkBeforeUpdate\":true}}"),
                 "rejecting memory limit 590"));
    CHECK_STR(planned(true, "{\"memory\":{\"limit\":400,\"checkBeforeUpdate\":false}}"), "memory.max=400;");
    CHECK_STR(planned(true, "{\"memory\":{\"limit\":700,\"checkBeforeUpdate\":true}}"), "memory.max=700;");
}

static void orders_cpu(void)
{
    CHECK_STR(planned(false, "{\"cpu\":{\"quota\":60000,\"period\":200000}}"),
              "cpu.cfs_period_us=200000;cpu.cfs_quota_us=60000;");
    CHECK_STR(planned(false, "{\"cpu\":{\"quota\":5000,\"period\":10000}}"),
              "cpu.cfs_quota_us=5000;cpu.cfs_period_us=10000;");
    CHECK_STR(planned(false, "{\"cpu\":{\"quota\":3000,\"period\":10000,\"burst\":1000}}"),
              "cpu.cfs_burst_us=1000;cpu.cfs_quota_us=3000;cpu.cfs_period_us=10000;");
    CHECK_STR(planned(false, "{\"cpu\":{\"quota\":90000,\"burst\":60000}}"),
              "cpu.cfs_quota_us=90000;cpu.cfs_burst_us=60000;");
    CHECK_STR(planned(true, "{\"cpu\":{\"shares\":1024,\"idle\":0}}"), "cpu.idle=0;cpu.weight=100;");
    CHECK_STR(planned(true, "{\"cpu\":{\"shares\":1024,\"idle\":1}}"), "cpu.idle=1;");
}

static void completes_cpu(void)
{
    CHECK_STR(planned(true, "{\"cpu\":{\"period\":200000}}"), "cpu.max=50000 200000;");
    CHECK_STR(planned(true, "{\"cpu\":{\"quota\":20000}}"), "cpu.max=20000 100000;");
    CHECK_STR(planned(true, "{\"cpu\":{\"quota\":-1}}"), "cpu.max=max 100000;");
    CHECK_STR(planned(false, "{\"cpu\":{\"quota\":20000}}"), "cpu.cfs_quota_us=20000;");
}

/* An idle group has no weight, and the kernel forgets the one that it had. */
static void idles(void)
{
    struct spec_cpu cpu = { .shares = SET(2048) };
    const struct spec_resources first = { .cpu = &cpu };
    struct update_facts busy = { .cpu_idle = SET(0), .cpu_weight = SET(79) };
    struct update_facts idle = { .cpu_idle = SET(1), .cpu_weight = SET(0) };

    CHECK_INT(make(true, "{\"cpu\":{\"idle\":1}}", &busy), 0);
    CHECK_INT(plan.keep_weight, 79);
    CHECK_STR(undo_text(), "cpu.idle=0;cpu.weight=79;");
    CHECK_INT(make(false, "{\"cpu\":{\"idle\":1,\"shares\":500}}", &busy), 0);
    CHECK_INT(plan.keep_weight, 500);
    CHECK_STR(undo_text(), "cpu.idle=0;cpu.shares=79;");
    CHECK_INT(make(true, "{\"cpu\":{\"idle\":1,\"shares\":1024}}", &idle), 0);
    CHECK_STR(rows_text(), "cpu.idle=1;");
    CHECK_INT(plan.keep_weight, 100);
    CHECK(make(true, "{\"cpu\":{\"shares\":1024}}", &idle) < 0 && strstr(err.text, "--cpu-idle 0"));
    CHECK_INT(make(true, "{\"cpu\":{\"idle\":0}}", &idle), 0);
    CHECK_STR(rows_text(), "cpu.idle=0;");
    made_with = &first;
    CHECK_INT(make(true, "{\"cpu\":{\"idle\":0}}", &idle), 0);
    CHECK_STR(rows_text(), "cpu.idle=0;cpu.weight=174;");
    CHECK_STR(properties_text(), "CPUWeight=uint64 18446744073709551615;CPUWeight=uint64 174;");
    kept_weight = 33;
    CHECK_INT(make(false, "{\"cpu\":{\"idle\":0}}", &idle), 0);
    CHECK_STR(rows_text(), "cpu.idle=0;cpu.shares=33;");
    CHECK_INT(make(true, "{\"cpu\":{\"idle\":0},\"unified\":{\"cpu.weight\":\"7\"}}", &idle), 0);
    CHECK_STR(rows_text(), "cpu.idle=0;cpu.weight=7;");
    CHECK_INT(make(false, "{\"cpu\":{\"idle\":0}}", &busy), 0);
    CHECK_STR(rows_text(), "cpu.idle=0;");
    CHECK_INT(plan.keep_weight, 0);
    kept_weight = 0;
    made_with = NULL;
}

static void knows_nothing(void)
{
    static const struct update_facts none;

    CHECK_INT(make(false, "{\"memory\":{\"limit\":3000,\"swap\":4000}}", &none), 0);
    CHECK_STR(rows_text(), "memory.limit_in_bytes=3000;memory.memsw.limit_in_bytes=4000;");
    CHECK(make(true, "{\"memory\":{\"swap\":4000}}", &none) < 0);
    CHECK_INT(make(true, "{\"cpu\":{\"period\":4000}}", &none), 0);
    CHECK_STR(rows_text(), "cpu.max=max 4000;");
}

static void names_controllers(void)
{
    CHECK_STR(planned(true, "{\"pids\":{\"limit\":3},\"memory\":{\"limit\":700}}"), "memory.max=700;pids.max=3;");
    CHECK_STR(plan.enable[0], "memory pids");
    CHECK(strstr(planned(false, "{\"cpu\":{\"cpus\":\"1\"}}"),
                 "linux.resources.cpu.cpus: no cgroup controller \"cpuset\""));
    CHECK(strstr(planned(true, "{\"network\":{\"classID\":1}}"), "linux.resources.network.classID"));
    CHECK_STR(planned(true, "{\"unified\":{\"memory.high\":\"9\"},\"pids\":{\"limit\":3}}"),
              "pids.max=3;memory.high=9;");
}

/* ---- devices ---- */

#define RULES(more) "{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}" more "]}"
#define ALLOW(rest) ",{\"allow\":true," rest "}"

static void passes_over_deny_all(void)
{
    CHECK_STR(planned(false, RULES("")), "");
    CHECK_STR(planned(true, RULES("")), "");
    CHECK_INT(plan.program_hierarchy, -1);
    CHECK_STR(planned(false, "{\"devices\":[]}"), "");
}

/* The standard devices are there already but for 1:3 in part; what was 10:200 goes, and comes back in the end. */
static void writes_the_difference(void)
{
    const char *text = planned(false, RULES(ALLOW("\"type\":\"c\",\"major\":10,\"minor\":229,\"access\":\"rw\"")));

    CHECK(!plan.freeze);
    CHECK(strstr(text, "devices.allow=c 10:229 rw;"));
    CHECK(strstr(text, "devices.allow=c 1:5 rwm;"));
    CHECK(!strstr(text, "c 1:3 "));
    CHECK(strstr(text, "devices.deny=c 10:200 rw;devices.deny=b 8:* r;"));
    text = undo_text();
    CHECK(strncmp(text, "devices.allow=b 8:* r;devices.allow=c 10:200 rw;", 48) == 0);
    CHECK(strstr(text, "devices.deny=c 10:229 rw;"));
}

static void takes_parts_of_accesses(void)
{
    const char *text = planned(false, RULES(ALLOW("\"type\":\"c\",\"major\":10,\"minor\":200,\"access\":\"wm\"")
                                                ALLOW("\"type\":\"b\",\"major\":8,\"access\":\"r\"")));

    CHECK(strstr(text, "devices.allow=c 10:200 m;"));
    CHECK(strstr(text, "devices.deny=c 10:200 r;"));
    CHECK(!strstr(text, "b 8:* r;"));
}

static void goes_to_everything(void)
{
    CHECK_STR(planned(false, "{\"devices\":[{\"allow\":true,\"access\":\"rwm\"}]}"), "devices.allow=a;");
    CHECK(!plan.freeze);
    CHECK_STR(undo_text(), "devices.deny=a;devices.allow=c 1:3 rwm;devices.allow=c 10:200 rw;devices.allow=b 8:* r;");
    CHECK_STR(planned(true, "{\"devices\":[{\"allow\":true,\"access\":\"rwm\"}]}"), "");
    CHECK_INT(plan.program_hierarchy, 0);
    CHECK(!plan.program);
}

static void stands_still_from_everything(void)
{
    static const struct update_facts all = { .devices = "a *:* rwm\n" };

    CHECK_INT(make(false, RULES(ALLOW("\"type\":\"c\",\"major\":10,\"minor\":229,\"access\":\"rw\"")), &all), 0);
    CHECK(strncmp(rows_text(), "devices.deny=a;", 15) == 0);
    CHECK(plan.freeze);
    CHECK(strstr(undo_text(), "devices.allow=a;"));
}

static void makes_a_program(void)
{
    CHECK_STR(planned(true, RULES(ALLOW("\"type\":\"c\",\"major\":10,\"minor\":229,\"access\":\"rw\""))), "");
    CHECK_INT(plan.program_hierarchy, 0);
    CHECK(plan.program && plan.program_size % 8 == 0 && plan.program_size > 0);
}

/* ---- taking back ---- */

#define ALL_BUT_ONE                                                                                                    \
    "{\"devices\":[{\"allow\":true,\"access\":\"rwm\"},{\"allow\":false,\"type\":\"c\",\"major\":10,\"access\":"       \
    "\"rw\"}]}"

/* systemd keeps the last entry of a name, and knows no exceptions. */
static void tells_systemd_of_devices(void)
{
    CHECK_INT(make(true, ALL_BUT_ONE, &facts), 0);
    CHECK(strstr(properties_text(), "DeviceAllow=[('char-*', 'rwm')];DeviceAllow=[('block-*', 'rwm')];"));
    CHECK(!strstr(properties_text(), "'m')"));
    CHECK_INT(make(false, ALL_BUT_ONE, &facts), -EOPNOTSUPP);
    CHECK(strstr(err.text, "linux.resources.devices[1]: with --cgroup-manager systemd and cgroup v1"));
}

/* The weight that systemd gives to bfq's file shall be the one that was asked for. */
static void tells_systemd_of_weights(void)
{
    static const char document[] =
        "{\"blockIO\":{\"weight\":500,\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":100}]}}";

    CHECK_INT(make(true, document, &facts), 0);
    CHECK_STR(properties_text(), "IOWeight=uint64 4950;IODeviceWeight=[('/dev/block/8:0', uint64 910)];");
    v2_host.bfq = true;
    CHECK_INT(make(true, document, &facts), 0);
    CHECK_STR(properties_text(), "IOWeight=uint64 4500;IODeviceWeight=[('/dev/block/8:0', uint64 100)];");
    CHECK_INT(make(true, "{\"unified\":{\"io.weight\":\"default 300\"}}", &facts), 0);
    CHECK_STR(properties_text(), "IOWeight=uint64 300;");
    v2_host.bfq = false;
}

static void tells_systemd(void)
{
    static const struct {
        bool v2;
        const char *document, *properties;
    } cases[] = {
        {true,   "{\"memory\":{\"limit\":4096}}",                                                 "MemoryMax=uint64 4096;"                                            },
        { true,  "{\"memory\":{\"limit\":-1},\"pids\":{\"limit\":0}}",
         "MemoryMax=uint64 18446744073709551615;TasksMax=uint64 1;"                                                                                                   },
        { true,  "{\"cpu\":{\"period\":50000}}",                                                  "CPUQuotaPeriodUSec=uint64 50000;CPUQuotaPerSecUSec=uint64 1000000;"},
        { true,  "{\"cpu\":{\"quota\":33333}}",                                                   "CPUQuotaPeriodUSec=uint64 100000;CPUQuotaPerSecUSec=uint64 340000;"},
        { true,  "{\"cpu\":{\"quota\":-1}}",
         "CPUQuotaPeriodUSec=uint64 100000;CPUQuotaPerSecUSec=uint64 18446744073709551615;"                                                                           },
        { true,  "{\"cpu\":{\"idle\":1}}",                                                        "CPUWeight=uint64 0;"                                               },
        { true,  "{\"cpu\":{\"idle\":0,\"shares\":1024}}",
         "CPUWeight=uint64 18446744073709551615;CPUWeight=uint64 100;"                                                                                                },
        { true,  "{\"unified\":{\"memory.high\":\"2M\",\"memory.oom.group\":\"1\"}}",             "MemoryHigh=uint64 2097152;"                                        },
        { true,  "{\"unified\":{\"memory.zswap.max\":\"max\",\"memory.zswap.writeback\":\"0\"}}",
         "?MemoryZSwapMax=uint64 18446744073709551615;?MemoryZSwapWriteback=false;"                                                                                   },
        { true,  "{\"devices\":[{\"allow\":true,\"access\":\"rwm\"}]}",                           "DevicePolicy='auto';DeviceAllow=@a(ss) [];"                        },
        { true,  "{}",                                                                            ""                                                                  },
        { false, "{\"cpu\":{\"quota\":25000}}",                                                   "CPUQuotaPeriodUSec=uint64 100000;CPUQuotaPerSecUSec=uint64 250000;"},
        { false, "{\"memory\":{\"limit\":1500}}",                                                 "MemoryLimit=uint64 1500;"                                          },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_INT(make(cases[i].v2, cases[i].document, &facts), 0);
        CHECK_STR(properties_text(), cases[i].properties);
    }
}

static void undoes_values(void)
{
    static const struct {
        const char *file, *value, *old, *undo;
    } cases[] = {
        {"pids.max",                        "7",                "30\n",                                          "30"                                       },
        { "cpu.max",                        "max 100000",       "20000 50000\n",                                 "20000 50000"                              },
        { "cpuset.cpus",                    "0",                "\n",                                            ""                                         },
        { "io.max",                         "8:0 rbps=1",       "8:16 rbps=2 wbps=max\n",                        "8:0 rbps=max wbps=max riops=max wiops=max"},
        { "io.max",                         "8:0 rbps=1",       "8:16 a\n8:0 rbps=2 wbps=max\n",                 "8:0 rbps=2 wbps=max"                      },
        { "io.weight",                      "300",              "default 100\n8:0 50\n",                         "default 100"                              },
        { "io.weight",                      "8:0 300",          "default 100\n",                                 "8:0 default"                              },
        { "blkio.throttle.read_bps_device", "8:0 1000",         "8:0 500\n",                                     "8:0 500"                                  },
        { "blkio.throttle.read_bps_device", "8:0 1000",         "",                                              "8:0 0"                                    },
        { "rdma.max",                       "mlx hca_handle=1", "",                                              "mlx hca_handle=max hca_object=max"        },
        { "memory.oom_control",             "0",                "oom_kill_disable 1\nunder_oom 0\noom_kill 0\n", "1"                                        },
        { "net_prio.ifpriomap",             "lo 3",             "eth0 1\nlo 0\n",                                "lo 0"                                     },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_STR(update_undo_value(cases[i].file, cases[i].value, cases[i].old, &arena), cases[i].undo);
}

static const struct test tests[] = {
    {"memory and swap in the order that v1 takes",                orders_memory               },
    { "a partial memory document meets what is in force",         completes_memory            },
    { "checkBeforeUpdate rejects what is used already",           checks_usage                },
    { "period, quota, burst and idle in the order that is taken", orders_cpu                  },
    { "the weight of a time of idleness",                         idles                       },
    { "half of cpu.max is completed",                             completes_cpu               },
    { "without facts the order is that of a fresh cgroup",        knows_nothing               },
    { "controllers that are needed, and missing ones by name",    names_controllers           },
    { "a list that denies everything is no wish",                 passes_over_deny_all        },
    { "v1 devices: the difference, allowed first",                writes_the_difference       },
    { "v1 devices: parts of accesses",                            takes_parts_of_accesses     },
    { "devices: everything is allowed",                           goes_to_everything          },
    { "v1 devices: from everything the processes stand still",    stands_still_from_everything},
    { "v2 devices: a program",                                    makes_a_program             },
    { "the same as properties of a unit",                         tells_systemd               },
    { "systemd is told of weights",                               tells_systemd_of_weights    },
    { "systemd is told of devices",                               tells_systemd_of_devices    },
    { "what a file said before comes back",                       undoes_values               },
};

int main(void)
{
    int status;

    if (arena_init(&arena, ARENA_DEFAULT_SIZE, NULL) < 0)
        return 1;
    status = test_main(tests, sizeof tests / sizeof tests[0]);
    arena_done(&arena);
    return status;
}
