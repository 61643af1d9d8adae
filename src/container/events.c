// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * events: statistics now and then, and a word when the out-of-memory killer was at work, until the container ends. All
 * that is waited for is a descriptor (the process, the memory cgroup) or the end of the interval.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "cgroup/cgroup.h"
#include "cgroup/stats.h"
#include "container/limits.h"
#include "container/stats.h"

/* ---- lines ---- */

static void line_begin(struct json_writer *w, const char *type, const char *id)
{
    jw_init(w, NULL);
    jw_object_begin(w);
    jw_member_string(w, "type", type);
    jw_member_string(w, "id", id);
}

static int line_end(struct json_writer *w, char **ret_json, struct error *err)
{
    const char *text;

    jw_object_end(w);
    if (jw_finish(w, &text, NULL) < 0 || !(*ret_json = strdup(text)))
        return error_errno(err, -ENOMEM, "events");
    return 0;
}

int stats_line(const struct container *container, char **ret_json, struct error *err)
{
    const struct state *state = &container->state;
    _cleanup_(jw_done) struct json_writer w;

    line_begin(&w, "stats", state->id);
    jw_key(&w, "data");
    jw_object_begin(&w);
    cgroup_stats(state->cgroups, state->n_cgroups, &w);
    jw_key(&w, "intel_rdt");
    stats_rdt(state->rdt_class, &w);
    jw_key(&w, "network_interfaces");
    stats_network(state->pid, &w);
    jw_object_end(&w);
    return line_end(&w, ret_json, err);
}

static int oom_line(const struct container *container, char **ret_json, struct error *err)
{
    _cleanup_(jw_done) struct json_writer w;

    line_begin(&w, "oom", container->state.id);
    return line_end(&w, ret_json, err);
}

/* ---- once ---- */

static int open_running(struct crun_context *context, const char *id, struct container *ret, struct error *err)
{
    int r = container_open(context, id, 0, ret, err);

    if (r < 0)
        return r;
    r = container_check_running(ret, err);
    if (r < 0)
        container_close(ret);
    else if (ret->state.n_cgroups == 0)
        log_write(context->log, LOG_LEVEL_WARNING,
                  "container \"%s\" has no cgroup: all numbers but its network's are 0", id);
    return r;
}

int crun_stats(struct crun_context *context, const char *id, char **ret_json, struct crun_error *error)
{
    _cleanup_(container_close) struct container container = { .dir_fd = -1 };
    struct error *err = own_error(error);
    int r = open_running(context, id, &container, err);

    return r < 0 ? r : stats_line(&container, ret_json, err);
}

/* ---- again and again ---- */

struct watch {
    const struct container *container;
    const struct cgroup_dir *memory; /* NULL: nobody tells of a lack of memory */
    int pidfd, oom_fd;
    uint64_t kills; /* that were told */
    unsigned interval_ms;
    int64_t next; /* when statistics are due */
    crun_event_function *function;
    void *userdata;
};

static int tell(const struct watch *watch, int (*line)(const struct container *, char **, struct error *),
                struct error *err)
{
    _cleanup_free_ char *json = NULL;
    int r = line(watch->container, &json, err);

    return r < 0 ? r : watch->function(watch->userdata, json, (struct crun_error *) err);
}

static bool drain(int fd)
{
    char drained[4096];
    bool some = false;

    while (fd >= 0 && read(fd, drained, sizeof drained) > 0)
        some = true;
    return some;
}

/* v1 signals before it kills, so its count may not have grown yet; and it signals when the cgroup is removed. */
static bool memory_ran_out(struct watch *watch)
{
    bool signalled = drain(watch->oom_fd), v1 = watch->oom_fd >= 0 && !watch->memory->v2;
    uint64_t kills = watch->kills;

    if (cgroup_oom_kills(watch->memory, &kills) < 0)
        return false;
    signalled = v1 ? signalled : kills != watch->kills;
    watch->kills = kills;
    return signalled;
}

static int check_memory(struct watch *watch, struct error *err)
{
    return watch->memory && memory_ran_out(watch) ? tell(watch, oom_line, err) : 0;
}

static int wait_for_something(const struct watch *watch, bool *ret_ended)
{
    struct pollfd fds[] = {
        {watch->pidfd,   POLLIN, 0},
        { watch->oom_fd, POLLIN, 0}
    };
    int64_t left = watch->next - clock_now_ms();
    int r = poll(fds, 2, left > 0 ? (int) left : 0);

    *ret_ended = r > 0 && fds[0].revents;
    return r < 0 && errno != EINTR ? -errno : 0;
}

static int tell_statistics(struct watch *watch, struct error *err)
{
    int64_t now = clock_now_ms();

    if (now < watch->next)
        return 0;
    watch->next = now + watch->interval_ms;
    return tell(watch, stats_line, err);
}

static int watch_to_the_end(struct watch *watch, struct error *err)
{
    bool ended = false;
    int r = 0;

    while (r >= 0 && !ended) {
        r = wait_for_something(watch, &ended);
        if (r < 0)
            return error_errno(err, r, "wait for events: poll");
        r = check_memory(watch, err);
        if (r >= 0 && !ended)
            r = tell_statistics(watch, err);
    }
    return r;
}

static void watch_memory(struct crun_context *context, struct watch *watch)
{
    struct error err = { 0 };

    watch->memory = container_controller(watch->container, "memory", false);
    if (!watch->memory)
        watch->memory = container_controller(watch->container, "memory", true);
    if (!watch->memory || cgroup_oom_kills(watch->memory, &watch->kills) < 0)
        watch->memory = NULL;
    else if ((watch->oom_fd = cgroup_oom_watch(watch->memory, &err)) < 0)
        log_write(context->log, LOG_LEVEL_WARNING, "%s", err.text); /* it is still looked at in every interval */
}

int crun_events(struct crun_context *context, const char *id, unsigned interval_ms, crun_event_function *function,
                void *userdata, struct crun_error *error)
{
    _cleanup_(container_close) struct container container = { .dir_fd = -1 };
    struct watch watch = { .container = &container,
                           .pidfd = -1,
                           .oom_fd = -1,
                           .interval_ms = interval_ms,
                           .function = function,
                           .userdata = userdata };
    struct error *err = own_error(error);
    int r = interval_ms ? open_running(context, id, &container, err)
                        : error_set(err, -EINVAL, "the interval of events must be longer than 0");

    if (r < 0)
        return r;
    watch.pidfd = state_pidfd(&container.state);
    if (watch.pidfd == -ESRCH)
        return error_set(err, -ESRCH, "container not running");
    if (watch.pidfd < 0)
        return error_errno(err, watch.pidfd, "pidfd_open of the container's first process");
    watch_memory(context, &watch);
    watch.next = clock_now_ms() + interval_ms;
    r = watch_to_the_end(&watch, err);
    fd_close(&watch.pidfd);
    fd_close(&watch.oom_fd);
    return r;
}
