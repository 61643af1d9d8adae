// SPDX-License-Identifier: GPL-2.0-or-later
/* events: one JSON line for each, written out at once, for somebody reads them as they come. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/failure.h"
#include "cli/output.h"

struct events_options {
    bool stats;
    const char *interval;
};

static const struct option options[] = {
    {"stats",     0, OPTION_FLAG,   offsetof(struct events_options, stats),    NULL,   "print the statistics once"},
    { "interval", 0, OPTION_STRING, offsetof(struct events_options, interval), "TIME",
     "time between two statistics (default: 5s)"                                                                  },
};

#define DEFAULT_INTERVAL_MS 5000

/* A duration as Go writes it, of one unit or several: "5s", "500ms", "1m30s". */
static double parse_duration(const char *text)
{
    static const struct {
        const char *name;
        double ms;
    } units[] = {
        {"ms",  1    },
        { "us", 1e-3 },
        { "ns", 1e-6 },
        { "s",  1e3  },
        { "m",  6e4  },
        { "h",  3.6e6}
    };
    double total = 0;

    while (*text) {
        double number = *text >= '0' && *text <= '9' ? strtod(text, (char **) &text) : -1;
        size_t i = 0;

        while (i < 6 && strncmp(text, units[i].name, strlen(units[i].name)) != 0)
            i++;
        if (number < 0 || i == 6)
            return -1;
        total += number * units[i].ms;
        text += strlen(units[i].name);
    }
    return total;
}

static int interval_of(const char *text, unsigned *ret, struct crun_error *err)
{
    double ms = text ? parse_duration(text) : DEFAULT_INTERVAL_MS;

    if (ms < 1 || ms > 1e9)
        return failure_set(err, -EINVAL, "invalid value \"%s\" for --interval: expected a time like 5s or 500ms", text);
    *ret = (unsigned) ms;
    return 0;
}

static int print_line(void *userdata, const char *json, struct crun_error *err)
{
    (void) userdata;
    if (puts(json) < 0 || fflush(stdout) < 0)
        return failure_errno(err, -errno, "write to standard output");
    return 0;
}

static int events_run(struct program *program, struct crun_error *err)
{
    const struct events_options *o = program->values;
    unsigned interval = 0;
    char *json;
    int r = interval_of(o->interval, &interval, err);

    if (r < 0)
        return r;
    if (!o->stats)
        return crun_events(program->context, program->operands[0], interval, print_line, NULL, err);
    r = crun_stats(program->context, program->operands[0], &json, err);
    if (r < 0)
        return r;
    puts(json);
    free(json);
    return 0;
}

const struct command command_events = {
    .name = "events",
    .operands = "ID",
    .summary = "print events and statistics of a container as JSON lines",
    .description = "Ends with the container. Beside statistics a line of type \"oom\" tells that processes of the\n"
                   "container were killed for want of memory.",
    COMMAND_OPTIONS(options),
    COMMAND_VALUES(struct events_options),
    .n_min = 1,
    .n_max = 1,
    .run = events_run,
};
