// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ps: the processes of a container. As JSON their ids; as a table what ps(1) says of them: it is asked for everything
 * with -ef, or with the user's words, and the rows whose PID column holds one of the container's processes are printed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/failure.h"
#include "cli/format.h"
#include "cli/pipe.h"

struct ps_options {
    int format;
};

static const struct option options[] = {
    {"format", 'f', OPTION_CHOICE, offsetof(struct ps_options, format), "FORMAT", "table or json", format_choices},
};

struct pids {
    int *list;
    size_t n;
};

/* The number of the word of LINE that is "PID", -1 if none is. */
static int find_pid_column(const char *line)
{
    int column = 0;

    for (line += strspn(line, " \t"); *line && *line != '\n'; column++) {
        size_t length = strcspn(line, " \t\n");

        if (length == 3 && memcmp(line, "PID", 3) == 0)
            return column;
        line += length;
        line += strspn(line, " \t");
    }
    return -1;
}

static int row_pid(const char *line, int column)
{
    for (;;) {
        line += strspn(line, " \t");
        if (column-- == 0)
            return atoi(line);
        line += strcspn(line, " \t\n");
    }
}

static bool has_pid(const struct pids *pids, int pid)
{
    for (size_t i = 0; i < pids->n; i++)
        if (pids->list[i] == pid)
            return true;
    return false;
}

/* The heading and the container's rows of TEXT. */
static int print_rows(const char *text, const struct pids *pids, struct crun_error *err)
{
    int column = find_pid_column(text);
    bool heading = true;

    if (column < 0)
        return failure_set(err, -EINVAL, "ps: no PID column in what ps(1) printed; add pid to its columns");
    for (const char *line = text, *next; *line; line = next) {
        size_t length = strcspn(line, "\n");

        next = line + length + (line[length] == '\n');
        if (heading || has_pid(pids, row_pid(line, column)))
            printf("%.*s\n", (int) length, line);
        heading = false;
    }
    return 0;
}

enum { LIST_MAX = 65536 }; /* of bytes in one word: the kernel takes twice as many */

/* "7,8,9"; malloc'd, NULL when there is none or it would be too long. */
static char *pid_list(const struct pids *pids)
{
    char *list = pids->n ? malloc(LIST_MAX) : NULL;
    size_t used = 0;

    for (size_t i = 0; list && i < pids->n && used < LIST_MAX; i++)
        used += (size_t) snprintf(list + used, LIST_MAX - used, "%s%d", i ? "," : "", pids->list[i]);
    if (used < LIST_MAX)
        return list;
    free(list);
    return NULL;
}

/* The user's WORDS, behind an option that names the container's processes: on a terminal ps(1) shows that terminal's
 * alone. It takes no other selection beside it, and not every ps(1) knows it: with that the words are left as they are. */
static int read_named(char **words, const struct pids *pids, char **ret_text)
{
    struct crun_error none = { 0 };
    char name[] = "ps", option[] = "-q", *list = pid_list(pids), **argv;
    size_t n = 0;
    int r;

    while (words[n])
        n++;
    argv = list ? calloc(n + 4, sizeof *argv) : NULL;
    if (!argv) {
        free(list);
        return -ENOMEM;
    }
    argv[0] = name;
    argv[1] = option;
    argv[2] = list;
    memcpy(argv + 3, words, n * sizeof *words);
    r = pipe_read_program(argv, ret_text, &none);
    free(argv);
    free(list);
    return r;
}

static int print_table(const struct program *program, const struct pids *pids, struct crun_error *err)
{
    char name[] = "ps", everything[] = "-ef";
    char *defaults[] = { name, everything, NULL };
    char **argv = program->operands;
    char *text = NULL;
    int r;

    /* What follows the id are ps's own words; the id's place takes ps's name. */
    if (program->n_operands > 1 && strcmp(argv[1], "--") == 0)
        argv++;
    argv[0] = name;
    r = argv[1] ? read_named(argv + 1, pids, &text) : -ENOENT;
    if (r < 0)
        r = pipe_read_program(argv[1] ? argv : defaults, &text, err);
    if (r < 0)
        return r;
    r = print_rows(text, pids, err);
    free(text);
    return r;
}

static int print_json(const struct pids *pids)
{
    fputs("[", stdout);
    for (size_t i = 0; i < pids->n; i++)
        printf("%s%d", i ? "," : "", pids->list[i]);
    puts("]");
    return 0;
}

/* Behind the id, too, these ask for our help: there is no row of the container in that of ps(1). */
static bool asks_for_help(const struct program *program)
{
    static const char *const words[] = { "--help", "-h", "-?", "--usage" };

    for (size_t i = 0; program->n_operands == 2 && i < sizeof words / sizeof words[0]; i++)
        if (strcmp(program->operands[1], words[i]) == 0)
            return true;
    return false;
}

static int ps_run(struct program *program, struct crun_error *err)
{
    const struct ps_options *o = program->values;
    struct pids pids = { 0 };
    int r;

    if (asks_for_help(program)) {
        program->face->command_help(program, &command_ps);
        return 0;
    }
    r = crun_pids(program->context, program->operands[0], &pids.list, &pids.n, err);
    if (r < 0)
        return r;
    r = o->format == FORMAT_JSON ? print_json(&pids) : print_table(program, &pids, err);
    free(pids.list);
    return r;
}

const struct command command_ps = {
    .name = "ps",
    .operands = "ID [PS-OPTION...]",
    .summary = "show the processes of a container",
    .description = "What follows ID goes to ps(1), which is called with -ef when nothing does.",
    COMMAND_OPTIONS(options),
    COMMAND_VALUES(struct ps_options),
    .n_min = 1,
    .n_max = OPERANDS_ANY,
    .n_stop = 1,
    .run = ps_run,
};
