// SPDX-License-Identifier: GPL-2.0-or-later
/* check: what is wrong with a bundle, all of it, one problem a line. The lines are the result: standard output. */
#include <errno.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/create.h"
#include "cli/failure.h"
#include "cli/format.h"
#include "cli/output.h"

struct check_options {
    struct crun_create_options create; /* bundle and config */
    int format;
};

static const struct option_choice formats[] = {
    {"text",       FORMAT_TABLE },
    { "json",           FORMAT_JSON },
    { NULL},
};

static const struct option options[] = {
    CREATE_OPTIONS_BUNDLE,
    {"format", 0, OPTION_CHOICE, offsetof(struct check_options, format), "FORMAT", "text or json", formats},
};

static void print_problem(const struct crun_problem *problem)
{
    output_plain(stdout, problem->file);
    putchar(':');
    if (problem->line)
        printf("%zu:%zu:", problem->line, problem->column);
    fputs(problem->warning ? " warning: " : " ", stdout);
    output_plain(stdout, problem->path);
    fputs(problem->path[0] ? ": " : "", stdout);
    output_plain(stdout, problem->text);
    putchar('\n');
}

static int print(const struct crun_check *check, int format, struct crun_error *err)
{
    char *json = NULL;
    int r = format == FORMAT_JSON ? crun_check_json(check, &json, err) : 0;

    if (r < 0)
        return r;
    if (json)
        output_take(json);
    for (size_t i = 0; !json && i < check->n_problems; i++)
        print_problem(&check->problems[i]);
    return check->n_errors > 0;
}

static int check_run(struct program *program, struct crun_error *err)
{
    const struct check_options *o = program->values;
    struct crun_create_options create = o->create;
    struct crun_check *check = NULL;
    int r;

    if (program->n_operands && create.bundle)
        return failure_set(err, -EINVAL, "check: \"%s\" and --bundle both name a bundle", program->operands[0]);
    if (program->n_operands)
        create.bundle = program->operands[0];
    r = crun_check(program->context, &create, &check, err);
    if (r >= 0)
        r = print(check, o->format, err);
    crun_check_free(check);
    return r;
}

const struct command command_check = {
    .name = "check",
    .operands = "[BUNDLE]",
    .summary = "validate a bundle",
    .description = "Every problem of the configuration, and of this host with it, is printed, one a line; nothing is "
                   "done.\nThe exit status is 1 if there is any.",
    COMMAND_OPTIONS(options),
    COMMAND_VALUES(struct check_options),
    .n_min = 0,
    .n_max = 1,
    .run = check_run,
};
