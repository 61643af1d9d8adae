// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * check: everything that is wrong with a bundle, at once and without doing anything. Three sources, in this order: the
 * decoder, the planner with its report function, and the host. The planner sees what could be decoded: what it says of
 * a place where the decoder had something to say, above or below it, only follows from that, and is left out. All of them speak in lines that begin with a JSON path; line and column come from that.
 */
#include "container/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/json.h"
#include "container/filter.h"
#include "launch/idmap.h"
#include "spec/reference.h"

/* ---- the collection ---- */

enum { TOLD_MAX = 200 }; /* errors, and warnings: each is looked for in the text and among the others */

static void problem_done(struct crun_problem *problem)
{
    free((char *) problem->file);
    free((char *) problem->path);
    free((char *) problem->text);
}

void crun_check_free(struct crun_check *check)
{
    for (size_t i = 0; check && i < check->n_problems; i++)
        problem_done(&check->problems[i]);
    if (check)
        free(check->problems);
    free(check);
}

static bool is_known(const struct crun_check *check, const struct crun_problem *problem)
{
    for (size_t i = 0; i < check->n_problems; i++)
        if (strcmp(check->problems[i].text, problem->text) == 0 && strcmp(check->problems[i].path, problem->path) == 0)
            return true;
    return false;
}

/* PATH is INNER itself, or something around it. */
static bool is_around(const char *path, const char *inner)
{
    size_t length = strlen(path);

    return length && strncmp(path, inner, length) == 0 &&
           (!inner[length] || inner[length] == '.' || inner[length] == '[');
}

static bool follows_from_others(const struct checking *checking, const struct crun_problem *problem)
{
    for (size_t i = 0; i < checking->n_decoded; i++) {
        const char *path = checking->check->problems[i].path;

        if (is_around(path, problem->path) || is_around(problem->path, path))
            return true;
    }
    return false;
}

/* PROBLEM's strings are taken over. */
static void keep(struct checking *checking, struct crun_problem problem)
{
    struct crun_check *check = checking->check;
    struct crun_problem *grown;

    checking->failed |= !problem.file || !problem.path || !problem.text;
    if (checking->failed || is_known(check, &problem) || follows_from_others(checking, &problem)) {
        problem_done(&problem);
        return;
    }
    grown = realloc(check->problems, (check->n_problems + 1) * sizeof *grown);
    if (!grown) {
        checking->failed = true;
        problem_done(&problem);
        return;
    }
    check->problems = grown;
    grown[check->n_problems++] = problem;
    check->n_errors += !problem.warning;
}

/* What follows a path: `: what is wrong`, or ` "/data": what is wrong`, where the name is worth keeping. */
static const char *after_path(const char *text)
{
    while (*text == ':' || *text == ' ')
        text++;
    return text;
}

static struct crun_problem take_apart(const struct checking *checking, const char *text, bool warning)
{
    size_t length = reference_length(text);
    struct text_place place = { 0 };

    if (length)
        place = reference_place(checking->document, text, length);
    return (struct crun_problem){
        .file = strdup(checking->document->name),
        .line = place.line,
        .column = place.column,
        .path = strndup(text, length),
        .text = strdup(length ? after_path(text + length) : text),
        .warning = warning,
    };
}

void check_report(struct checking *checking, const char *text, bool warning)
{
    const struct crun_check *check = checking->check;

    if ((warning ? check->n_problems - check->n_errors : check->n_errors) < TOLD_MAX)
        keep(checking, take_apart(checking, text, warning));
}

void check_reportf(struct checking *checking, const char *format, ...)
{
    struct error problem;
    va_list args;

    va_start(args, format);
    error_vset(&problem, 0, format, args);
    va_end(args);
    check_report(checking, problem.text, false);
}

/* ---- the decoder: NAME:LINE:COLUMN: PATH: TEXT ---- */

static void keep_decoded(struct checking *checking, const struct error *problem, bool warning)
{
    const char *name = checking->document->name, *rest = problem->text;
    struct crun_problem found;
    unsigned long line = 0, column = 0;
    char *end;

    if (strncmp(rest, name, strlen(name)) == 0 && rest[strlen(name)] == ':') {
        line = strtoul(rest + strlen(name) + 1, &end, 10);
        column = *end == ':' ? strtoul(end + 1, &end, 10) : 0;
        rest = after_path(end);
    }
    found = take_apart(checking, rest, warning);
    found.line = line;
    found.column = column;
    keep(checking, found);
}

static void report_decoded(void *userdata, const struct error *problem)
{
    keep_decoded(userdata, problem, false);
}

static void warn_decoded(void *userdata, const struct error *warning)
{
    keep_decoded(userdata, warning, true);
}

/* ---- the planner ---- */

static void report_planned(void *userdata, const struct error *problem)
{
    check_report(userdata, problem->text, false);
}

static void report_warning(void *userdata, const char *text)
{
    check_report(userdata, text, true);
}

/* What the parent's half looks at in a row before it does it. */
static void check_maps(struct checking *checking, const struct plan *plan)
{
    const struct op *ops = plan->blob ? blob_ops(plan->blob) : NULL;

    for (uint32_t i = 0; ops && i < plan->blob->n_ops; i++) {
        struct error err = { 0 };

        if (ops[i].kind == OP_ID_MAP && idmap_check(blob_str(plan->blob, ops[i].id_map.text), &err) < 0)
            check_reportf(checking, "%s: %s", blob_str(plan->blob, ops[i].what), err.text);
    }
}

static void check_plan(struct checking *checking, struct crun_context *context, struct prepared *p)
{
    struct plan_input input = {
        .spec = p->spec,
        .host = &p->host,
        .id = "container",
        .bundle = p->bundle,
        .manager = context->manager,
        .as_runc = context->as_runc,
        .seccomp_program = p->filter.program,
        .seccomp_size = p->filter.size,
        .seccomp_flags = p->filter.flags,
        .report = report_planned,
        .userdata = checking,
    };
    struct error err = { 0 };

    if (plan_create(&input, &p->arena, &p->plan, &err) < 0)
        check_report(checking, err.text, false); /* once more, or what it could not report */
    check_maps(checking, &p->plan);
    for (size_t i = 0; p->plan.blob && i < p->plan.n_warnings; i++)
        check_report(checking, p->plan.warnings[i], true);
}

static void check_seccomp(struct checking *checking, struct prepared *p)
{
    struct error err = { 0 };

    if (filter_compile(p->spec, &p->filter, report_warning, checking, &err) < 0)
        check_report(checking, err.text, false);
}

/* ---- together ---- */

static int check_prepared(struct checking *checking, struct crun_context *context, struct prepared *p,
                          struct error *err)
{
    int r;

    p->config.warn = warn_decoded;
    p->config.userdata = checking;
    spec_check(&p->config, &p->arena, report_decoded, checking, &p->spec);
    checking->n_decoded = checking->check->n_problems;
    if (!p->spec)
        return 0;
    r = host_probe(&p->host, (unsigned) HOST_EVERYTHING, &p->arena, err);
    if (r < 0)
        return r;
    check_seccomp(checking, p);
    check_plan(checking, context, p);
    check_annotations(checking, p->spec, &p->filter);
    check_host(checking, p->spec, &p->host, p->bundle);
    check_mounts(checking, p->spec, p->bundle);
    return 0;
}

int crun_check(struct crun_context *context, const struct crun_create_options *options, struct crun_check **ret_check,
               struct crun_error *error)
{
    struct error *err = own_error(error);
    struct prepared prepared;
    struct checking checking = { .document = &prepared.config, .check = calloc(1, sizeof(struct crun_check)) };
    int r = prepare_document(context, options, &prepared, err);

    if (r < 0) {
        crun_check_free(checking.check);
        return r;
    }
    r = checking.check ? check_prepared(&checking, context, &prepared, err) : -ENOMEM;
    prepared_done(&prepared);
    if (r >= 0 && checking.failed)
        r = -ENOMEM;
    if (r == -ENOMEM)
        error_errno(err, r, "check");
    if (r < 0)
        crun_check_free(checking.check);
    else
        *ret_check = checking.check;
    return r;
}

static void write_problem(struct json_writer *w, const struct crun_problem *problem)
{
    jw_object_begin(w);
    jw_member_string(w, "level", problem->warning ? "warning" : "error");
    jw_member_string(w, "file", problem->file);
    if (problem->line) {
        jw_member_uint(w, "line", problem->line);
        jw_member_uint(w, "column", problem->column);
    }
    jw_member_string(w, "path", problem->path);
    jw_member_string(w, "text", problem->text);
    jw_object_end(w);
}

int crun_check_json(const struct crun_check *check, char **ret_json, struct crun_error *err)
{
    _cleanup_(jw_done) struct json_writer w;

    jw_init(&w, "  ");
    jw_object_begin(&w);
    jw_member_bool(&w, "valid", check->n_errors == 0);
    jw_key(&w, "problems");
    jw_array_begin(&w);
    for (size_t i = 0; i < check->n_problems; i++)
        write_problem(&w, &check->problems[i]);
    jw_array_end(&w);
    jw_object_end(&w);
    jw_newline(&w);
    if (jw_finish(&w, NULL, NULL) < 0)
        return error_errno(own_error(err), -ENOMEM, "check");
    *ret_json = w.text;
    w.text = NULL;
    return 0;
}
