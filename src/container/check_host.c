// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a config.json names and this host has not got. Asked of the host as it is now, by the eyes of whoever runs the
 * check; a launch would find the first of these by itself, after half of its work.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "container/check.h"
#include "host/namespace_file.h"
#include "plan/limits.h"
#include "plan/namespace_values.h"

enum { CAPABILITY_SYS_RESOURCE = 24 };

struct host_check {
    struct checking *checking;
    const struct spec *spec;
    const struct host *host;
    const char *bundle;
};

static bool is_privileged(const struct host_check *c)
{
    return c->host->capabilities >> CAPABILITY_SYS_RESOURCE & 1;
}

/* PATH, relative to the bundle. False if it does not fit. */
static bool in_bundle(const struct host_check *c, const char *path, char buffer[PATH_MAX])
{
    int n =
        path[0] == '/' ? snprintf(buffer, PATH_MAX, "%s", path) : snprintf(buffer, PATH_MAX, "%s/%s", c->bundle, path);

    return n < PATH_MAX;
}

static void check_root(const struct host_check *c)
{
    const struct spec_root *root = c->spec->root;
    char path[PATH_MAX];
    struct stat st;

    if (!root || !root->path || !*root->path || !in_bundle(c, root->path, path))
        return;
    if (stat(path, &st) < 0)
        check_reportf(c->checking, "root.path: \"%s\": %s", path, errno_text(errno));
    else if (!S_ISDIR(st.st_mode))
        check_reportf(c->checking, "root.path: \"%s\": %s", path, errno_text(ENOTDIR));
}

/* One that is joined, and is ours: the launch refuses to change anything in it. */
static void check_own_namespace(const struct host_check *c, size_t index)
{
    const struct spec_namespace *namespace = &c->spec->linux_->namespaces[index];
    _cleanup_(arena_done) struct arena arena = { 0 };
    const char *value;

    if (arena_init(&arena, ARENA_DEFAULT_SIZE, NULL) < 0)
        return;
    value = namespace_value(c->spec, namespace->type, &arena);
    if (value)
        check_reportf(c->checking, "linux.namespaces[%zu].path: \"%s\": " NAMESPACE_FILE_IS_OWN, index, namespace->path,
                      namespace_kind_name(namespace->type), value);
}

static void check_namespace(const struct host_check *c, size_t index)
{
    const struct spec_namespace *namespace = &c->spec->linux_->namespaces[index];
    _cleanup_close_ int fd = -1;
    struct error err = { 0 };

    if (!namespace->path || !*namespace->path)
        return;
    if (namespace_file_open(namespace->path, namespace->type, &fd, &err) < 0)
        check_reportf(c->checking, "linux.namespaces[%zu].path: \"%s\": %s", index, namespace->path, err.text);
    else if (namespace_file_is_own(fd, namespace->type))
        check_own_namespace(c, index);
}

static void check_hook(const struct host_check *c, enum hook_kind kind, size_t index)
{
    const char *path = c->spec->hooks[kind].hooks[index].path;

    if (kind == HOOK_START_CONTAINER) /* a path of the container */
        return;
    if (access(path, X_OK) < 0)
        check_reportf(c->checking, "hooks.%s[%zu].path: \"%s\": %s", hook_kind_name(kind), index, path,
                      errno_text(errno));
}

static void check_limit(const struct host_check *c, size_t index)
{
    const struct spec_rlimit *limit = &c->spec->process->rlimits[index];
    struct rlimit own;
    int resource = limit_resource(limit->type);

    if (resource < 0 || is_privileged(c) || getrlimit(resource, &own) < 0)
        return;
    if (own.rlim_max != RLIM_INFINITY && limit->hard > own.rlim_max)
        check_reportf(c->checking,
                      "process.rlimits[%zu].hard: the runtime's own limit is %llu, and only CAP_SYS_RESOURCE raises it",
                      index, (unsigned long long) own.rlim_max);
}

/* The kernel adds them up itself, and takes what is from 0 to half of what it can count. */
static void check_offset(const struct host_check *c, clockid_t clock, const char *name,
                         const struct spec_time_offset *offset)
{
    const int64_t highest = INT64_MAX / 1000000000 / 2;
    struct timespec now;

    if (offset->set && clock_gettime(clock, &now) == 0 &&
        (now.tv_sec + offset->secs < 0 || now.tv_sec + offset->secs > highest))
        check_reportf(c->checking,
                      "linux.timeOffsets.%s.secs: with %lld the clock would be below 0, or further on than the kernel "
                      "counts (it is at %lld)",
                      name, (long long) offset->secs, (long long) now.tv_sec);
}

/* proc(5): nobody without CAP_SYS_RESOURCE goes below the value that he has himself. */
static void check_oom_score_adj(const struct host_check *c)
{
    struct opt_i64 wanted = c->spec->process ? c->spec->process->oom_score_adj : (struct opt_i64){ 0 };
    _cleanup_free_ char *own = NULL;

    if (!wanted.set || is_privileged(c) || host_is_ordinary(c->host) || c->host->in_user_namespace ||
        file_read(AT_FDCWD, "/proc/self/oom_score_adj", 16, &own, NULL) < 0 || wanted.value >= atoll(own))
        return;
    check_reportf(c->checking,
                  "process.oomScoreAdj: %lld is less than the runtime's own %lld, and only CAP_SYS_RESOURCE lowers it",
                  (long long) wanted.value, atoll(own));
}

static void check_net_device(const struct host_check *c, size_t index)
{
    const char *name = c->spec->linux_->net_devices[index].host_name;

    if (if_nametoindex(name) == 0)
        check_reportf(c->checking, "linux.netDevices[\"%s\"]: this host has no such network device", name);
}

void check_host(struct checking *checking, const struct spec *spec, const struct host *host, const char *bundle)
{
    const struct host_check c = { checking, spec, host, bundle };

    check_root(&c);
    for (size_t i = 0; i < spec->linux_->n_namespaces; i++)
        check_namespace(&c, i);
    for (int kind = 0; kind < N_HOOK_KINDS; kind++)
        for (size_t i = 0; i < spec->hooks[kind].n_hooks; i++)
            check_hook(&c, (enum hook_kind) kind, i);
    for (size_t i = 0; spec->process && i < spec->process->n_rlimits; i++)
        check_limit(&c, i);
    check_oom_score_adj(&c);
    check_offset(&c, CLOCK_BOOTTIME, "boottime", &spec->linux_->boottime);
    check_offset(&c, CLOCK_MONOTONIC, "monotonic", &spec->linux_->monotonic);
    for (size_t i = 0; i < spec->linux_->n_net_devices; i++)
        check_net_device(&c, i);
}
