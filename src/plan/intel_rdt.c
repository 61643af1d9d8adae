// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * linux.intelRdt as groups of resctrl: a class of service, named closID or by the container's id, and below it a
 * monitoring group of the container's own. A class without a closID is the container's, and goes with it; another is
 * only made if it is missing, and stays.
 */
#include <errno.h>
#include <string.h>

#include "plan/plan.h"

static const struct spec_intel_rdt *rdt_of(const struct planner *planner)
{
    return planner->input->spec->linux_->intel_rdt;
}

static bool has_class_name(const struct spec_intel_rdt *rdt)
{
    return rdt->clos_id && *rdt->clos_id;
}

/* "/" is the default class, which is always there. */
static const char *class_path(struct planner *planner)
{
    const struct spec_intel_rdt *rdt = rdt_of(planner);
    const char *mount = planner->input->host->resctrl ? planner->input->host->resctrl : "",
               *name = has_class_name(rdt) ? rdt->clos_id : planner->input->id;

    if (strcmp(name, "/") == 0)
        return mount;
    if (strchr(name, '/') || strchr(name, '\n') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
        strcmp(name, "info") == 0 || strcmp(name, "mon_groups") == 0 || strcmp(name, "mon_data") == 0)
        plan_fail(planner, -EINVAL, "linux.intelRdt.closID: \"%s\" is not a name of a class", name);
    return arena_printf(planner->arena, "%s/%s", mount, name);
}

/* ---- schemata ---- */

static const char *add_lines(struct planner *planner, const char *text, const char *lines, size_t length)
{
    while (length > 0 && lines[length - 1] == '\n')
        length--;
    return length ? arena_printf(planner->arena, "%s%.*s\n", text ? text : "", (int) length, lines) : text;
}

/* The specification: "MB:" lines in l3CacheSchema are ignored. */
static const char *add_cache(struct planner *planner, const char *text, const char *schema)
{
    while (schema && *schema) {
        size_t length = strcspn(schema, "\n");

        if (strncmp(schema + strspn(schema, " \t"), "MB:", 3) != 0)
            text = add_lines(planner, text, schema, length);
        schema += length + (schema[length] == '\n');
    }
    return text;
}

/* In the order of the specification, the later overriding the earlier; NULL when nothing is asked for. */
static const char *schemata(struct planner *planner)
{
    const struct spec_intel_rdt *rdt = rdt_of(planner);
    const char *text = add_cache(planner, NULL, rdt->l3_cache_schema);

    if (rdt->mem_bw_schema)
        text = add_lines(planner, text, rdt->mem_bw_schema, strlen(rdt->mem_bw_schema));
    for (size_t i = 0; i < rdt->n_schemata; i++) {
        if (strchr(rdt->schemata[i], '\n'))
            plan_fail(planner, -EINVAL, "linux.intelRdt.schemata[%zu]: more than one line", i);
        text = add_lines(planner, text, rdt->schemata[i], strlen(rdt->schemata[i]));
    }
    return text;
}

/* ---- rows ---- */

static void check_host(struct planner *planner)
{
    if (!planner->input->host->resctrl)
        plan_fail(planner, -ENOTSUP,
                  "linux.intelRdt: no resctrl file system is mounted on this host (the CPU must have "
                  "Intel RDT or AMD QoS; then: mount -t resctrl resctrl /sys/fs/resctrl)");
}

void plan_intel_rdt_make(struct planner *planner)
{
    const struct spec_intel_rdt *rdt = rdt_of(planner);
    const char *lines, *path;
    struct op *op;

    if (!rdt)
        return;
    check_host(planner);
    lines = schemata(planner);
    planner->rdt_class = path = class_path(planner);
    op = plan_add(planner, OP_RDT_MAKE, SIDE_PARENT, "linux.intelRdt");
    op->rdt_make.path = plan_str(planner, path);
    op->rdt_make.schemata = plan_str(planner, lines);
    op->rdt_make.must_exist = has_class_name(rdt) && !lines;
    planner->plan.rdt_class = has_class_name(rdt) ? NULL : path;
    if (!rdt->enable_monitoring)
        return;
    planner->plan.rdt_monitor = arena_printf(planner->arena, "%s/mon_groups/%s", path, planner->input->id);
    op = plan_add(planner, OP_RDT_MAKE, SIDE_PARENT, "linux.intelRdt.enableMonitoring");
    op->rdt_make.path = plan_str(planner, planner->plan.rdt_monitor);
    op->rdt_make.monitor = true;
}

static void join(struct planner *planner, const char *path, const char *what)
{
    if (path)
        plan_add(planner, OP_RDT_JOIN, SIDE_PARENT, "%s", what)->rdt_join.path = plan_str(planner, path);
}

void plan_intel_rdt_join(struct planner *planner)
{
    join(planner, planner->rdt_class, "linux.intelRdt");
    join(planner, planner->plan.rdt_monitor, "linux.intelRdt.enableMonitoring");
}
