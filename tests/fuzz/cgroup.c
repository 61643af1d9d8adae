// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The files of cgroups: the input is the content of every one of them. What comes out is one JSON document, which engines
 * parse. In v2 a container may write to files below its own cgroup; on both a hostile kernel is not assumed, but a strange one.
 */
#include "cgroup/cgroup.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <json-c/json.h>

#include "base/json.h"
#include "cgroup/stats.h"
#include "fuzz.h"

static const char *const files[] = {
    "blkio.bfq.io_service_bytes_recursive",
    "blkio.throttle.io_service_bytes_recursive",
    "cpu.pressure",
    "cpu.stat",
    "cpuacct.stat",
    "cpuacct.usage",
    "cpuacct.usage_all",
    "cpuacct.usage_percpu",
    "cpuset.cpus.effective",
    "cpuset.effective_cpus",
    "cpuset.mems.effective",
    "hugetlb.2MB.current",
    "hugetlb.2MB.events",
    "hugetlb.2MB.max",
    "hugetlb.2MB.usage_in_bytes",
    "io.pressure",
    "io.stat",
    "memory.current",
    "memory.events",
    "memory.limit_in_bytes",
    "memory.max",
    "memory.oom_control",
    "memory.peak",
    "memory.pressure",
    "memory.stat",
    "memory.swap.events",
    "memory.usage_in_bytes",
    "pids.current",
    "pids.max",
    "rdma.current",
    "rdma.max",
    "cgroup.procs",
    "cgroup.events",
};

static char directory[] = "/tmp/crun-fuzz-cgroup-XXXXXX";
static int content_fd = -1;

static void path_of(char path[256], const char *file)
{
    snprintf(path, 256, "%s/%s", directory, file);
}

static void remove_directory(void)
{
    char path[256];

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        path_of(path, files[i]);
        unlink(path);
    }
    rmdir(directory);
}

/* One file under all names. */
static void make_directory(void)
{
    char first[256], path[256];

    if (!mkdtemp(directory))
        abort();
    atexit(remove_directory);
    path_of(first, files[0]);
    content_fd = open(first, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    for (size_t i = 1; i < sizeof files / sizeof files[0]; i++) {
        path_of(path, files[i]);
        if (link(first, path) < 0)
            abort();
    }
}

static void stats_of(bool v2)
{
    const struct cgroup_dir dir = { directory, "/", v2, "memory,cpu,cpuacct,cpuset,pids,blkio,io,hugetlb,rdma" };
    struct json_object *parsed;
    struct json_writer w;
    const char *text;
    size_t size;
    uint64_t kills;

    jw_init(&w, NULL);
    jw_object_begin(&w);
    cgroup_stats(&dir, 1, &w);
    jw_object_end(&w);
    assert(jw_finish(&w, &text, &size) == 0);
    parsed = json_tokener_parse(text);
    assert(json_object_is_type(parsed, json_type_object));
    json_object_put(parsed);
    jw_done(&w);
    cgroup_oom_kills(&dir, &kills);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (content_fd < 0)
        make_directory();
    if (ftruncate(content_fd, 0) < 0 || pwrite(content_fd, data, size, 0) != (ssize_t) size)
        abort();
    stats_of(false);
    stats_of(true);
    return 0;
}
