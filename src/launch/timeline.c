// SPDX-License-Identifier: LGPL-2.1-or-later
/* See timeline.h. Two forms: the Chrome trace format (chrome://tracing, Perfetto), and text with a bar for each line. */
#include "launch/timeline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "plan/plan.h"
#include "sys/files.h"
#include "sys/process.h"

enum { BAR = 32 };

struct event {
    const char *side, *category, *name;
    const char *row; /* what kind of row, or NULL */
    int64_t begin, end;
};

struct events {
    struct event *events;
    size_t n;
};

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t) time.tv_sec * 1000000000 + time.tv_nsec;
}

int timeline_open(struct timeline *timeline, const char *destination, struct error *err)
{
    *timeline = (struct timeline){ .destination = destination, .fd = -1, .init_fd = -1 };
    if (strcmp(destination, "-") == 0)
        return 0;
    timeline->fd = open(destination, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
    return timeline->fd < 0 ? error_errno(err, -errno, "--timeline \"%s\"", destination) : 0;
}

void timeline_phase(struct timeline *timeline, const char *name)
{
    if (timeline && timeline->n_phases < TIMELINE_PHASES)
        timeline->phases[timeline->n_phases++] = (struct timeline_phase){ name, now() };
}

/* ---- rows ---- */

static size_t init_size(const struct blob *blob)
{
    return (blob->n_ops + 1) * sizeof(struct row_times);
}

static int share(struct timeline *timeline, const struct blob *blob)
{
    void *memory;

    timeline->init_fd = sys_memfd_create("crun-timeline", MFD_CLOEXEC);
    if (timeline->init_fd < 0)
        return timeline->init_fd;
    if (ftruncate(timeline->init_fd, (off_t) init_size(blob)) < 0)
        return -errno;
    memory = mmap(NULL, init_size(blob), PROT_READ | PROT_WRITE, MAP_SHARED, timeline->init_fd, 0);
    if (memory == MAP_FAILED)
        return -errno;
    timeline->init = memory;
    timeline->blob = blob;
    return 0;
}

int timeline_start(struct timeline *timeline, const struct blob *blob, int *ret_fd, struct error *err)
{
    int r;

    timeline->parent = calloc(blob->n_ops + 1, sizeof *timeline->parent);
    r = timeline->parent ? share(timeline, blob) : -ENOMEM;
    if (r == 0)
        r = sys_fcntl(timeline->init_fd, F_DUPFD_CLOEXEC, 0);
    if (r < 0)
        return error_errno(err, r, "--timeline: memory for the times of crun-init");
    *ret_fd = r;
    return 0;
}

void timeline_row_begin(struct timeline *timeline, uint32_t row)
{
    if (timeline)
        timeline->parent[row].begin = now();
}

void timeline_row_end(struct timeline *timeline, uint32_t row)
{
    if (timeline)
        timeline->parent[row].end = now();
}

void timeline_executed(struct timeline *timeline, int pid)
{
    int64_t end = timeline ? now() : 0;

    if (!timeline)
        return;
    timeline->pid = pid;
    for (uint32_t i = 0; timeline->blob && i < timeline->blob->n_ops; i++)
        if (timeline->init[i].begin && !timeline->init[i].end)
            timeline->init[i].end = end;
}

/* ---- events ---- */

static void add(struct events *events, struct event event)
{
    if (event.begin)
        events->events[events->n++] = event;
}

static void add_rows(struct events *events, const struct timeline *timeline, const struct row_times *times,
                     const char *side, int64_t end)
{
    const struct op *ops = timeline->blob ? blob_ops(timeline->blob) : NULL;

    for (uint32_t i = 0; ops && i < timeline->blob->n_ops; i++)
        add(events,
            (struct event){ side, ops[i].kind == OP_SYNC ? "wait" : "operation", blob_str(timeline->blob, ops[i].what),
                            plan_row_name(&ops[i]), times[i].begin, times[i].end ? times[i].end : end });
}

static int compare_events(const void *a, const void *b)
{
    const struct event *x = a, *y = b;

    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end > y->end ? -1 : x->end < y->end; /* what holds the others first */
}

static int collect(const struct timeline *timeline, struct events *events)
{
    size_t n_ops = timeline->blob ? timeline->blob->n_ops : 0;
    int64_t end = now();

    *events = (struct events){ calloc(TIMELINE_PHASES + 2 * n_ops + 1, sizeof *events->events), 0 };
    if (!events->events)
        return -ENOMEM;
    for (unsigned i = 0; i < timeline->n_phases; i++)
        add(events, (struct event){ "crun", "phase", timeline->phases[i].name, NULL, timeline->phases[i].begin,
                                    i + 1 < timeline->n_phases ? timeline->phases[i + 1].begin : end });
    add_rows(events, timeline, timeline->parent, "crun", end);
    if (timeline->init)
        add(events, (struct event){ "crun-init", "operation", "crun-init starts", NULL, timeline->init[n_ops].begin,
                                    timeline->init[n_ops].end });
    add_rows(events, timeline, timeline->init, "crun-init", end);
    qsort(events->events, events->n, sizeof *events->events, compare_events);
    return 0;
}

/* ---- the two forms ---- */

static void member_us(struct json_writer *w, const char *key, int64_t ns)
{
    char number[32];
    int length = snprintf(number, sizeof number, "%lld.%03d", (long long) ns / 1000, (int) (ns % 1000));

    jw_key(w, key);
    jw_raw(w, number, (size_t) length);
}

static void write_side(struct json_writer *w, const char *side, int pid)
{
    jw_object_begin(w);
    jw_member_string(w, "name", "thread_name");
    jw_member_string(w, "ph", "M");
    jw_member_int(w, "pid", getpid());
    jw_member_int(w, "tid", pid);
    jw_key(w, "args");
    jw_object_begin(w);
    jw_member_string(w, "name", side);
    jw_object_end(w);
    jw_object_end(w);
}

static void write_row(struct json_writer *w, const char *row)
{
    jw_key(w, "args");
    jw_object_begin(w);
    jw_member_string(w, "row", row);
    jw_object_end(w);
}

static void write_event(struct json_writer *w, const struct timeline *timeline, const struct event *event, int64_t zero)
{
    bool init = strcmp(event->side, "crun-init") == 0;

    jw_object_begin(w);
    jw_member_string(w, "name", event->name);
    jw_member_string(w, "cat", event->category);
    jw_member_string(w, "ph", "X");
    member_us(w, "ts", event->begin - zero);
    member_us(w, "dur", event->end - event->begin);
    jw_member_int(w, "pid", getpid());
    jw_member_int(w, "tid", init ? timeline->pid : getpid());
    if (event->row)
        write_row(w, event->row);
    jw_object_end(w);
}

/* What "ts" counts from: to lay it beside what others have traced. */
static void write_zero(struct json_writer *w, int64_t zero)
{
    jw_key(w, "otherData");
    jw_object_begin(w);
    jw_member_int(w, "CLOCK_MONOTONIC", zero);
    jw_object_end(w);
}

static int write_trace(const struct timeline *timeline, const struct events *events)
{
    _cleanup_(jw_done) struct json_writer w;
    const char *text;
    size_t size;
    int r;

    jw_init(&w, NULL);
    jw_object_begin(&w);
    jw_key(&w, "traceEvents");
    jw_array_begin(&w);
    write_side(&w, "crun", getpid());
    write_side(&w, "crun-init", timeline->pid);
    for (size_t i = 0; i < events->n; i++)
        write_event(&w, timeline, &events->events[i], events->events[0].begin);
    jw_array_end(&w);
    write_zero(&w, events->events[0].begin);
    jw_member_string(&w, "displayTimeUnit", "ns");
    jw_object_end(&w);
    jw_newline(&w);
    r = jw_finish(&w, &text, &size);
    return r < 0 ? r : fd_write_all(timeline->fd, text, size);
}

static void draw(char bar[BAR + 1], const struct event *event, int64_t zero, int64_t all)
{
    int64_t begin = (event->begin - zero) * BAR / all, end = (event->end - zero) * BAR / all;

    memset(bar, ' ', BAR);
    for (int64_t i = begin; i <= end && i < BAR; i++)
        bar[i] = event->category[0] == 'w' ? '.' : event->category[0] == 'p' ? '=' : '#';
    bar[BAR] = '\0';
}

static int write_text(const struct events *events)
{
    int64_t zero = events->n ? events->events[0].begin : 0, all = 1;
    char bar[BAR + 1];
    int n = dprintf(STDERR_FILENO, "%9s %9s  %-9s |%-*s|\n", "at us", "takes us", "who", BAR,
                    " = phase  # operation  . wait");

    for (size_t i = 0; i < events->n; i++)
        all = events->events[i].end - zero > all ? events->events[i].end - zero : all;
    for (size_t i = 0; i < events->n && n >= 0; i++) {
        const struct event *event = &events->events[i];

        draw(bar, event, zero, all);
        n = dprintf(STDERR_FILENO, "%9.1f %9.1f  %-9s |%s| %s\n", (double) (event->begin - zero) / 1000,
                    (double) (event->end - event->begin) / 1000, event->side, bar, event->name);
    }
    return n < 0 ? -errno : 0;
}

static int write_out(const struct timeline *timeline)
{
    struct events events;
    int r = collect(timeline, &events);

    if (r == 0)
        r = timeline->fd < 0 ? write_text(&events) : write_trace(timeline, &events);
    free(events.events);
    return r;
}

void timeline_finish(struct timeline *timeline, struct log *log)
{
    int r = timeline ? write_out(timeline) : 0;

    if (!timeline)
        return;
    if (r < 0)
        log_write(log, LOG_LEVEL_WARNING, "--timeline \"%s\" was not written: %s", timeline->destination,
                  errno_text(-r));
    if (timeline->init)
        munmap(timeline->init, init_size(timeline->blob));
    free(timeline->parent);
    fd_close(&timeline->init_fd);
    fd_close(&timeline->fd);
}
