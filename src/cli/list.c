// SPDX-License-Identifier: GPL-2.0-or-later
/* list: the containers of this state root, as a table, as JSON, or their ids alone. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/failure.h"
#include "cli/format.h"
#include "cli/output.h"

struct list_options {
    int format;
    bool quiet;
};

static const struct option options[] = {
    {"format", 'f', OPTION_CHOICE, offsetof(struct list_options, format), "FORMAT", "table or json",  format_choices},
    { "quiet", 'q', OPTION_FLAG,   offsetof(struct list_options, quiet),  NULL,     "print ids only", NULL          },
};

static const char *const heading[] = { "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER" };

#define N_COLUMNS (sizeof heading / sizeof heading[0])

static void fill_row(const char **row, char pid[16], const struct crun_container *container)
{
    snprintf(pid, 16, "%d", container->pid);
    row[0] = container->id;
    row[1] = pid;
    row[2] = crun_status_name(container->status);
    row[3] = container->bundle;
    row[4] = container->created;
    row[5] = container->owner;
}

static int print_table(const struct crun_list *list, struct crun_error *err)
{
    const char **cells = malloc((list->n_containers + 1) * sizeof heading);
    char(*pids)[16] = malloc((list->n_containers + 1) * sizeof *pids);
    int r = cells && pids ? 0 : failure_errno(err, -ENOMEM, "list");

    for (size_t i = 0; r == 0 && i < N_COLUMNS; i++)
        cells[i] = heading[i];
    for (size_t i = 0; r == 0 && i < list->n_containers; i++)
        fill_row(cells + (i + 1) * N_COLUMNS, pids[i], &list->containers[i]);
    if (r == 0)
        output_table(cells, list->n_containers + 1, N_COLUMNS);
    free(cells);
    free(pids);
    return r;
}

static int print_ids(const struct crun_list *list)
{
    for (size_t i = 0; i < list->n_containers; i++)
        puts(list->containers[i].id);
    return 0;
}

static int list_json(struct program *program, struct crun_error *err)
{
    char *json = NULL;
    int r = crun_list_json(program->context, &json, err);

    if (r < 0)
        return r;
    output_take(json);
    return 0;
}

static int list_run(struct program *program, struct crun_error *err)
{
    const struct list_options *o = program->values;
    struct crun_list *list = NULL;
    int r;

    if (o->format == FORMAT_JSON && !o->quiet)
        return list_json(program, err);
    r = crun_list(program->context, &list, err);
    if (r < 0)
        return r;
    r = o->quiet ? print_ids(list) : print_table(list, err);
    crun_list_free(list);
    return r;
}

const struct command command_list = {
    .name = "list",
    .operands = "",
    .summary = "list the containers",
    COMMAND_OPTIONS(options),
    COMMAND_VALUES(struct list_options),
    .n_min = 0,
    .n_max = 0,
    .run = list_run,
};
