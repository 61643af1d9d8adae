// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A job and its result: systemd answers with the job at once, and tells by the signal JobRemoved how it ended. The signal
 * may come before we have read the answer, so it is subscribed to before the call, and kept by its path.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "request.h"

struct job {
    char *path;       /* of the job that is waited for, once it is known */
    char result[32];  /* "" while it runs */
    char *early_path; /* one that ended before that */
    char early_result[32];
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void keep(char to[32], const char *result)
{
    snprintf(to, 32, "%s", result);
}

static int removed(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    struct job *job = userdata;
    const char *path, *unit, *result;
    uint32_t id;
    int r = sd_bus_message_read(message, "uoss", &id, &path, &unit, &result);

    (void) error;
    if (r < 0)
        return r;
    if (job->path && strcmp(job->path, path) == 0)
        keep(job->result, result);
    else if (!job->path) {
        free(job->early_path);
        job->early_path = strdup(path);
        keep(job->early_result, result);
    }
    return 0;
}

static int judge(const struct job *job, const char *name, struct error *err)
{
    if (strcmp(job->result, "done") == 0 || strcmp(job->result, "skipped") == 0)
        return 0;
    return error_set(err, strcmp(job->result, "timeout") == 0 ? -ETIMEDOUT : -ECANCELED,
                     "systemd: the job of \"%s\" ended with \"%s\" (see: systemctl status %s)", name, job->result,
                     name);
}

/* Something on the bus, or the end of who has asked: then what was begun is to be taken back. */
static int wait_event(sd_bus *bus, int64_t left_ms)
{
    struct pollfd watched[] = {
        {sd_bus_get_fd(bus), (short) sd_bus_get_events(bus), 0},
        { STDIN_FILENO,      0,                              0},
    };
    int n = poll(watched, 2, (int) left_ms);

    if (n < 0)
        return errno == EINTR ? 0 : -errno;
    return watched[1].revents & POLLHUP ? -ECONNRESET : 0;
}

static int wait_removed(struct manager *manager, struct job *job, const char *name, struct error *err)
{
    int64_t end = now_ms() + manager->timeout_ms;

    while (!job->result[0]) {
        int r = sd_bus_process(manager->bus, NULL);
        int64_t left = end - now_ms();

        if (r == 0 && left > 0)
            r = wait_event(manager->bus, left);
        if (r < 0 && r != -EINTR)
            return bus_error(err, r, NULL, name);
        if (left <= 0 && !job->result[0])
            return error_set(err, -ETIMEDOUT,
                             "systemd: the job of \"%s\" is not done after %d ms (see: systemctl "
                             "list-jobs)",
                             name, manager->timeout_ms);
    }
    return judge(job, name, err);
}

static int take_path(struct job *job, sd_bus_message *reply, const char *name, struct error *err)
{
    const char *path;
    int r = sd_bus_message_read(reply, "o", &path);

    if (r < 0)
        return bus_error(err, r, NULL, name);
    job->path = strdup(path);
    if (!job->path)
        return error_errno(err, -ENOMEM, "systemd: %s", name);
    if (job->early_path && strcmp(job->early_path, path) == 0)
        keep(job->result, job->early_result);
    return 0;
}

int job_run(struct manager *manager, sd_bus_message *call, const char *name, sd_bus_error *ret_error, struct error *err)
{
    const char *sender = sd_bus_is_bus_client(manager->bus) ? "org.freedesktop.systemd1" : NULL;
    sd_bus_message *reply = NULL;
    sd_bus_slot *slot = NULL;
    struct job job = { 0 };
    int r = sd_bus_match_signal(manager->bus, &slot, sender, "/org/freedesktop/systemd1",
                                "org.freedesktop.systemd1.Manager", "JobRemoved", removed, &job);

    if (r < 0) {
        sd_bus_message_unref(call);
        return bus_error(err, r, NULL, "JobRemoved");
    }
    r = manager_call(manager, call, name, &reply, ret_error, err);
    if (r >= 0)
        r = take_path(&job, reply, name, err);
    if (r >= 0)
        r = wait_removed(manager, &job, name, err);
    sd_bus_slot_unref(slot);
    sd_bus_message_unref(reply);
    free(job.path);
    free(job.early_path);
    return r;
}
