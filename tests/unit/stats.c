// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Statistics and the watch for lack of memory, over directories with the files as the kernel writes them: so every
 * controller of v2 is seen here, whatever this machine has.
 */
#include "cgroup/stats.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "test.h"

static char directory[] = "/tmp/crun-unit-stats-XXXXXX";

struct file {
    const char *name, *text;
};

static void put(const char *where, const char *name, const char *text)
{
    char path[256];
    int fd;

    snprintf(path, sizeof path, "%s/%s", directory, where);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/%s/%s", directory, where, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    fd_write_all(fd, text, strlen(text));
    fd_close(&fd);
}

static const struct file v2_files[] = {
    {"cpu.stat",
     "usage_usec 5000\nuser_usec 3000\nsystem_usec 2000\nnr_periods 7\nnr_throttled 3\nthrottled_usec 44\n"                       },
    { "cpu.pressure",
     "some avg10=1.05 avg60=0.20 avg300=0.00 total=6842\nfull avg10=100.00 avg60=0.00 avg300=0.00 total=5\n"                      },
    { "cpuset.cpus.effective",    "0-2,5\n"                                                                                       },
    { "memory.current",           "1000\n"                                                                                        },
    { "memory.max",               "5000\n"                                                                                        },
    { "memory.peak",              "2000\n"                                                                                        },
    { "memory.swap.current",      "300\n"                                                                                         },
    { "memory.swap.max",          "max\n"                                                                                         },
    { "memory.events",            "low 0\nhigh 0\nmax 9\noom 2\noom_kill 1\noom_group_kill 0\n"                                   },
    { "memory.stat",              "anon 100\nfile 400\n"                                                                          },
    { "pids.current",             "4\n"                                                                                           },
    { "pids.max",                 "max\n"                                                                                         },
    { "io.stat",                  "8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n259:1 rbytes=5 wbytes=6 rios=7 wios=8\n"},
    { "hugetlb.2MB.current",      "2097152\n"                                                                                     },
    { "hugetlb.2MB.rsvd.current", "0\n"                                                                                           },
    { "hugetlb.2MB.events",       "max 6\n"                                                                                       },
    { "rdma.max",                 "mlx4_0 hca_handle=2 hca_object=max\n"                                                          },
    { "rdma.current",             "mlx4_0 hca_handle=1 hca_object=20\n"                                                           },
};

static const struct file v1_files[] = {
    {"cpuacct.usage",                              "9000000\n"                                       },
    { "cpuacct.usage_percpu",                      "4000000 5000000 \n"                              },
    { "cpuacct.usage_all",                         "cpu user system\n0 10 20\n1 30 40\n"             },
    { "cpuacct.stat",                              "user 3\nsystem 4\n"                              },
    { "cpu.stat",                                  "nr_periods 1\nnr_throttled 2\nthrottled_time 3\n"},
    { "blkio.throttle.io_service_bytes_recursive", "8:0 Read 4096\n8:0 Write 0\nTotal 4096\n"        },
    { "blkio.bfq.io_service_bytes_recursive",      "Total 0\n"                                       },
    { "blkio.bfq.time_recursive",                  "8:0 17\n"                                        },
    { "cgroup.procs",                              "71\n4711\n"                                      },
    { "pids.max",                                  "12\n"                                            },
};

static struct cgroup_dir dir_of(const char *path, bool v2, const char *controllers)
{
    return (struct cgroup_dir){ directory, path, v2, controllers };
}

/* Everything as one text, in the writer. */
static const char *statistics(struct json_writer *w, const struct cgroup_dir *dir, size_t n)
{
    const char *text = "";

    jw_init(w, NULL);
    jw_object_begin(w);
    cgroup_stats(dir, n, w);
    jw_object_end(w);
    jw_finish(w, &text, NULL);
    return text;
}

#define HAS(text, part)                                                                                                \
    do {                                                                                                               \
        if (!strstr(text, part))                                                                                       \
            printf("# in %s\n", text);                                                                                 \
        CHECK(strstr(text, part));                                                                                     \
    } while (0)

static void tells_v2(void)
{
    _cleanup_(jw_done) struct json_writer w;
    struct cgroup_dir dir = dir_of("/v2", true, "");
    const char *text = statistics(&w, &dir, 1);

    HAS(text, "\"usage\":{\"total\":5000000,\"kernel\":2000000,\"user\":3000000}");
    HAS(text, "\"throttling\":{\"periods\":7,\"throttledPeriods\":3,\"throttledTime\":44000}");
    HAS(text, "\"some\":{\"avg10\":1.05,\"avg60\":0.20,\"avg300\":0.00,\"total\":6842},\"full\":{\"avg10\":100.00");
    HAS(text, "\"cpuset\":{\"cpus\":[0,1,2,5]}");
    HAS(text, "\"memory\":{\"cache\":400,\"usage\":{\"limit\":5000,\"usage\":1000,\"max\":2000,\"failcnt\":9}");
    HAS(text, "\"swap\":{\"limit\":18446744073709551615,\"usage\":1300,\"max\":2000,\"failcnt\":0}");
    HAS(text, "\"raw\":{\"anon\":100,\"file\":400}");
    HAS(text, "\"pids\":{\"current\":4}");
    HAS(text, "\"ioServiceBytesRecursive\":[{\"major\":8,\"minor\":0,\"op\":\"Read\",\"value\":10}");
    HAS(text, "{\"major\":259,\"minor\":1,\"op\":\"Write\",\"value\":8}]");
    HAS(text, "\"hugetlb\":{\"2MB\":{\"usage\":2097152,\"failcnt\":6}}");
    HAS(text, "\"rdma_limit\":[{\"device\":\"mlx4_0\",\"hca_handles\":2,\"hca_objects\":4294967295}]");
    HAS(text, "\"rdma_current\":[{\"device\":\"mlx4_0\",\"hca_handles\":1,\"hca_objects\":20}]");
}

static void tells_v1(void)
{
    _cleanup_(jw_done) struct json_writer w;
    struct cgroup_dir dir = dir_of("/v1", false, "cpu,cpuacct,blkio,pids");
    const char *text = statistics(&w, &dir, 1);

    HAS(text, "\"total\":9000000,\"percpu\":[4000000,5000000],\"percpu_kernel\":[20,40],\"percpu_user\":[10,30]");
    HAS(text, "\"throttling\":{\"periods\":1,\"throttledPeriods\":2,\"throttledTime\":3}");
    HAS(text, "\"ioServiceBytesRecursive\":[{\"major\":8,\"minor\":0,\"op\":\"Read\",\"value\":4096},"
              "{\"major\":8,\"minor\":0,\"op\":\"Write\",\"value\":0}]");
    HAS(text, "\"ioTimeRecursive\":[{\"major\":8,\"minor\":0,\"value\":17}]");
    HAS(text, "\"pids\":{\"current\":2,\"limit\":12}");
}

static void tells_nothing(void)
{
    _cleanup_(jw_done) struct json_writer w;
    const char *text = statistics(&w, NULL, 0);

    HAS(text, "{\"cpu\":{\"usage\":{\"total\":0,");
    HAS(text, "\"pids\":{},\"blkio\":{},\"hugetlb\":{},\"rdma\":{}}");
}

/* What changes memory.events is seen, and what it says is counted. */
static void watches_v2(void)
{
    struct cgroup_dir dir = dir_of("/v2", true, "");
    _cleanup_close_ int fd = cgroup_oom_watch(&dir, NULL);
    struct pollfd event = { fd, POLLIN, 0 };
    uint64_t kills = 0;

    CHECK(fd >= 0);
    CHECK_INT(cgroup_oom_kills(&dir, &kills), 0);
    CHECK_INT(kills, 1);
    CHECK_INT(poll(&event, 1, 0), 0);
    put("v2", "memory.events", "low 0\noom 3\noom_kill 2\n");
    CHECK_INT(poll(&event, 1, 1000), 1);
    CHECK_INT(cgroup_oom_kills(&dir, &kills), 0);
    CHECK_INT(kills, 2);
}

/* Whose want of memory it was, and the limit as it is in force. */
static void explains(void)
{
    static const struct {
        const char *events, *max, *wanted;
        int64_t asked;
    } cases[] = {
        {"oom 1\noom_kill 1\n",  "4194304\n",
         "killed by the memory limit of 4 MiB (linux.resources.memory.limit; it has used 4092 KiB)",                0      },
        { "oom 1\noom_kill 1\n", "4194304\n", "limit of 4194305 bytes (",                                           4194305},
        { "oom 1\noom_kill 1\n", "4194304\n", "limit of 4 MiB (",                                                   8388608},
        { "oom 0\noom_kill 1\n", "4194304\n",
         "not by its own limit: the host, or a cgroup above the container's, had none left; it has used 4092 KiB)", 4194304},
        { "oom 0\noom_kill 1\n", "max\n",     "the host, or a cgroup above",                                        0      },
        { "oom 1\noom_kill 0\n", "4194304\n", NULL,                                                                 4194304},
    };
    struct cgroup_dir dir = dir_of("/oom", true, "");

    put("oom", "memory.peak", "4190208\n");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error err = { 0 };

        put("oom", "memory.events", cases[i].events);
        put("oom", "memory.max", cases[i].max);
        CHECK_INT(cgroup_oom_explain(&dir, 1, cases[i].asked, &err), cases[i].wanted != NULL);
        CHECK(!cases[i].wanted || strstr(err.text, cases[i].wanted));
    }
}

/* A cgroup that is gone: its file has changed, and somebody was killed below the one above. */
static void traces(void)
{
    static const struct {
        bool changes;
        const char *above;
        bool wanted;
    } cases[] = {
        {true,   "oom_kill 4\n", true },
        { true,  "oom_kill 3\n", false},
        { false, "oom_kill 4\n", false}
    };
    struct cgroup_dir dir = dir_of("/slice/scope", true, "");
    char command[128];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct oom_trace trace;
        struct error err = { 0 };

        put("slice", "memory.events", "oom_kill 3\n");
        put("slice/scope", "memory.events", "oom_kill 0\n");
        cgroup_oom_trace(&dir, 1, &trace);
        CHECK(trace.fd >= 0);
        if (cases[i].changes)
            put("slice/scope", "memory.events", "max 5\noom_kill 1\n");
        put("slice", "memory.events", cases[i].above);
        snprintf(command, sizeof command, "rm -r %s/slice/scope", directory);
        CHECK_INT(system(command), 0);
        CHECK_INT(cgroup_oom_explain_traced(&dir, 1, &trace, 8192, &err), cases[i].wanted);
        CHECK(!cases[i].wanted || strstr(err.text, "memory limit of 8 KiB"));
        CHECK(!cgroup_oom_explain_traced(&dir, 1, &trace, INT64_MAX, &err));
        oom_trace_done(&trace);
    }
}

static const struct test tests[] = {
    {"v2 under v1's names",           tells_v2     },
    { "v1",                           tells_v1     },
    { "no cgroups: empty sections",   tells_nothing},
    { "lack of memory on v2",         watches_v2   },
    { "why a process was killed",     explains     },
    { "why, when its cgroup is gone", traces       },
};

int main(void)
{
    char command[64];
    int status;

    if (!mkdtemp(directory))
        return 1;
    for (size_t i = 0; i < sizeof v2_files / sizeof v2_files[0]; i++)
        put("v2", v2_files[i].name, v2_files[i].text);
    for (size_t i = 0; i < sizeof v1_files / sizeof v1_files[0]; i++)
        put("v1", v1_files[i].name, v1_files[i].text);
    status = test_main(tests, sizeof tests / sizeof tests[0]);
    snprintf(command, sizeof command, "rm -r %s", directory);
    return system(command) == 0 ? status : 1;
}
