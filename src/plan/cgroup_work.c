// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which hierarchy serves which part of linux.resources, and what is to be written there. What no hierarchy serves is an
 * error that names the field and the missing controller.
 */
#include "plan/cgroup_work.h"

#include <errno.h>
#include <string.h>

#include "plan/cgroup_paths.h"

static const struct spec_resources *resources_of(const struct planner *planner)
{
    return planner->input->spec->linux_->resources;
}

/* ---- which hierarchy ---- */

bool cgroup_list_has(const char *list, const char *name)
{
    size_t length = strlen(name);

    for (const char *item = list; *item; item += strcspn(item, ", "), item += *item != '\0')
        if (strcspn(item, ", ") == length && memcmp(item, name, length) == 0)
            return true;
    return false;
}

int cgroup_find(const struct planner *planner, bool v2, const char *controller)
{
    for (size_t i = 0; i < planner->plan.n_cgroups; i++) {
        const struct cgroup_dir *cgroup = &planner->plan.cgroups[i];

        if (cgroup->v2 == v2 && (!controller || cgroup_list_has(cgroup->controllers, controller)))
            return (int) i;
    }
    return CGROUP_NOT_FOUND;
}

int cgroup_find_controller(const struct planner *planner, enum resource_controller_index index)
{
    const struct resource_controller *controller = &resource_controllers[index];
    int i = cgroup_find(planner, false, controller->v1);

    return i == CGROUP_NOT_FOUND && controller->v2 ? cgroup_find(planner, true, controller->v2) : i;
}

/* ---- what is missing ---- */

/* All controllers of all hierarchies, for errors. */
static const char *available(struct planner *planner)
{
    const char *text = "";

    for (size_t i = 0; text && i < planner->plan.n_cgroups; i++)
        if (planner->plan.cgroups[i].controllers[0])
            text =
                arena_printf(planner->arena, "%s%s%s", text, text[0] ? " " : "", planner->plan.cgroups[i].controllers);
    return text && text[0] ? text : "none";
}

/* It is there, but not for us. */
static bool is_closed(const struct host *host, const char *controller)
{
    for (size_t i = 0; i < host->cgroup.n_hierarchies; i++) {
        const struct cgroup_hierarchy *hierarchy = &host->cgroup.hierarchies[i];

        if (hierarchy->closed && (hierarchy->v2 || cgroup_list_has(hierarchy->controllers, controller)))
            return true;
    }
    return false;
}

static void fail_missing(struct planner *planner, const char *field, const char *controller)
{
    const struct host *host = planner->input->host;

    if (is_closed(host, controller))
        plan_fail(
            planner, -EACCES,
            "%s: the cgroup controller \"%s\" is read-only here, or not delegated to you (root can delegate it: "
            "under systemd by \"systemctl edit user@.service\", [Service] Delegate=%s; elsewhere by giving you the "
            "directory of a cgroup with its cgroup.procs and cgroup.subtree_control)",
            field, controller, controller);
    else if (planner->plan.n_cgroups == 0 && host->cgroup.n_hierarchies > 0)
        plan_fail(planner, -ENOENT,
                  "%s: the container has no cgroup of its own (created with --cgroup-manager disabled, or where none "
                  "could be made)",
                  field);
    else if (planner->plan.n_cgroups == 0)
        plan_fail(planner, -ENOENT,
                  "%s: no cgroup controller \"%s\" is available (no cgroup file system is mounted; without any limits "
                  "containers run with --cgroup-manager disabled)",
                  field, controller);
    else if (!cgroup_privileged(host) && host->cgroup.layout == CGROUP_LAYOUT_V2)
        plan_fail(planner, -ENOENT,
                  "%s: no cgroup controller \"%s\" is available below \"%s\" (available: %s; root can delegate it: "
                  "systemctl edit user@.service, [Service] Delegate=%s)",
                  field, controller, planner->plan.cgroups[0].path, available(planner), controller);
    else
        plan_fail(planner, -ENOENT, "%s: no cgroup controller \"%s\" is available below \"%s\" (available: %s)", field,
                  controller, planner->plan.cgroups[0].path, available(planner));
}

/* ---- the work of each hierarchy ---- */

static struct hierarchy_work *work_new(struct planner *planner, struct error *err)
{
    struct hierarchy_work *work = arena_new(planner->arena, struct hierarchy_work, planner->plan.n_cgroups + 1);

    for (size_t i = 0; work && i <= planner->plan.n_cgroups; i++) {
        work[i].rows = (struct resource_rows){ .arena = planner->arena, .err = err };
        work[i].enable = "";
    }
    return work;
}

static void need_controller(struct planner *planner, struct hierarchy_work *work, const char *name)
{
    const char *more;

    if (cgroup_list_has(work->enable, name))
        return;
    more = arena_printf(planner->arena, "%s%s%s", work->enable, work->enable[0] ? " " : "", name);
    work->enable = more ? more : ""; /* plan_create looks at the arena */
}

/* Nobody limits what no controller counts. */
static bool asks_no_limit(const struct resource_rows *rows, size_t first)
{
    for (size_t i = first; i < rows->n; i++)
        if (strcmp(rows->rows[i].value, "max") != 0 && strcmp(rows->rows[i].value, "-1") != 0)
            return false;
    return true;
}

/* The rows of one controller go to the hierarchy that has it; where none has and something is asked, that is an
 * error which names both. */
static void controller_work(struct planner *planner, enum resource_controller_index index, struct hierarchy_work *work)
{
    const struct resource_controller *controller = &resource_controllers[index];
    int i = cgroup_find_controller(planner, index);
    struct hierarchy_work *target = &work[i == CGROUP_NOT_FOUND ? (int) planner->plan.n_cgroups : i];
    bool v2 = i == CGROUP_NOT_FOUND ? planner->input->host->cgroup.layout == CGROUP_LAYOUT_V2 && controller->rows_v2
                                    : planner->plan.cgroups[i].v2;
    size_t before = target->rows.n;

    (v2 ? controller->rows_v2 : controller->rows_v1)(&target->rows, resources_of(planner));
    if (target->rows.failed || target->rows.n == before)
        return;
    if (i == CGROUP_NOT_FOUND && asks_no_limit(&target->rows, before)) {
        target->rows.n = before;
        return;
    }
    if (i == CGROUP_NOT_FOUND)
        fail_missing(planner, target->rows.rows[before].field, v2 ? controller->v2 : controller->v1);
    else if (v2)
        need_controller(planner, target, controller->v2);
    target->asked = true;
}

static void fail_unified(struct planner *planner, const char *key, const char *controller)
{
    const char *field = arena_printf(planner->arena, "linux.resources.unified[\"%s\"]", key);

    if (cgroup_find(planner, false, controller) == CGROUP_NOT_FOUND)
        fail_missing(planner, field, controller);
    else
        plan_fail(planner, -ENOENT,
                  "%s: a file of cgroup v2, and the controller \"%s\" is at cgroup v1 here (linux.resources has other "
                  "fields for it)",
                  field, controller);
}

/* Where v2 is mounted beside v1, the container may have no place in it all the same. */
static void fail_without_v2(struct planner *planner)
{
    const struct host_cgroup *cgroup = &planner->input->host->cgroup;

    for (size_t i = 0; i < cgroup->n_hierarchies; i++)
        if (cgroup->hierarchies[i].v2) {
            plan_fail(planner, -ENOENT,
                      "linux.resources.unified: the container has no cgroup in the v2 hierarchy, \"%s\" (%s)",
                      cgroup->hierarchies[i].mount_point,
                      cgroup->hierarchies[i].closed ? "it is read-only, or not delegated to you"
                                                    : "a container gets one where its config.json asks for it");
            return;
        }
    plan_fail(planner, -ENOENT, "linux.resources.unified: needs cgroup v2, which is not mounted");
}

/* Keys name their controller before the dot; those of the cgroup core need none. */
static void unified_work(struct planner *planner, struct hierarchy_work *work)
{
    const struct spec_resources *resources = resources_of(planner);
    int i = cgroup_find(planner, true, NULL);

    if (resources->n_unified == 0)
        return;
    if (i == CGROUP_NOT_FOUND) {
        fail_without_v2(planner);
        return;
    }
    resource_rows_unified(&work[i].rows, resources);
    work[i].asked = true;
    for (size_t k = 0; !work[i].rows.failed && k < resources->n_unified; k++) {
        const char *key = resources->unified[k].key;
        const char *name = arena_strndup(planner->arena, key, strcspn(key, "."));

        if (!name || strcmp(name, "cgroup") == 0)
            continue;
        if (!cgroup_list_has(planner->plan.cgroups[i].controllers, name))
            fail_unified(planner, key, name);
        need_controller(planner, &work[i], name);
    }
}

static void device_rows_v1(const struct device_rules *rules, struct hierarchy_work *work, bool listed)
{
    size_t before = work->rows.n;

    device_rules_v1(rules, &work->rows);
    for (size_t i = before; !listed && i < work->rows.n; i++)
        work->rows.rows[i].flags |= CGROUP_WRITE_OPTIONAL;
    work->asked |= listed;
}

static int device_program(struct planner *planner, const struct device_rules *rules, struct hierarchy_work *work,
                          bool listed, struct error *err)
{
    work->asked |= listed;
    work->program_optional = !listed;
    if (device_rules_allow_all(rules))
        return 0;
    return devices_bpf(rules, planner->arena, &work->program, &work->n_program, err);
}

/* A list that says what a container without a list gets, for processes that can make no device. In another container
 * the rules of that one are in force for them, and there are no other devices than it has. */
static bool asks_nothing_special(const struct planner *planner)
{
    const struct spec_device_rule *rule = resources_of(planner)->devices;
    const struct spec_process *process = planner->input->spec->process;
    const struct spec_capabilities *capabilities = process ? process->capabilities : NULL;

    for (size_t i = 0; capabilities && i < capabilities->n_bounding; i++)
        if (strcmp(capabilities->bounding[i], "CAP_MKNOD") == 0)
            return false;
    return capabilities && resources_of(planner)->n_devices == 1 && !rule->allow && rule->type == 'a' &&
           !rule->major.set && !rule->minor.set && (!rule->access || strlen(rule->access) == 3);
}

static void devices_missing(struct planner *planner)
{
    if (asks_nothing_special(planner))
        plan_warn(planner, "linux.resources.devices: not applied, for no cgroup controller \"devices\" can be had here "
                           "(the rules of the cgroup that crun is in stay in force)");
    else
        fail_missing(planner, "linux.resources.devices", "devices");
}

/* Every container gets the device rules, those without a list the default ones (as far as they can be had). In a user
 * namespace nobody makes device nodes, and an ordinary user may not load the program: no rules then. */
static void device_work(struct planner *planner, struct hierarchy_work *work, struct error *err)
{
    const struct spec_resources *resources = resources_of(planner);
    int v1 = cgroup_find(planner, false, "devices"), v2 = cgroup_find(planner, true, NULL), r;
    bool listed = resources && resources->n_devices > 0;
    struct device_rules rules;

    if (!cgroup_privileged(planner->input->host) || host_is_ordinary(planner->input->host)) {
        if (listed)
            plan_note(planner,
                      "linux.resources.devices: not applied, it takes root of the host (nobody makes devices in a "
                      "user namespace, and the rules of the cgroup that crun is in stay in force)");
        return;
    }
    r = device_rules_make(resources, planner->input->spec->linux_, planner->arena, &rules, err);
    if (r == 0 && v1 != CGROUP_NOT_FOUND)
        device_rows_v1(&rules, &work[v1], listed);
    else if (r == 0 && v2 != CGROUP_NOT_FOUND)
        r = device_program(planner, &rules, &work[v2], listed, err);
    else if (r == 0 && listed && !device_rules_allow_all(&rules))
        devices_missing(planner);
    if (r < 0)
        plan_fail(planner, r, "%s", err->text);
}

/* A converter's problem, and its warnings, become the planner's. */
static void collect(struct planner *planner, const struct resource_rows *rows)
{
    for (size_t i = 0; i < rows->n_warnings; i++)
        plan_warn(planner, "%s", rows->warnings[i]);
    if (rows->failed)
        plan_fail(planner, rows->err->code, "%s", rows->err->text);
}

static struct hierarchy_work *make_work(struct planner *planner, bool devices, struct error *err)
{
    struct hierarchy_work *work = work_new(planner, err);

    if (!work)
        return NULL;
    for (int i = 0; resources_of(planner) && i < N_RESOURCE_CONTROLLERS; i++)
        controller_work(planner, (enum resource_controller_index) i, work);
    if (devices)
        device_work(planner, work, err);
    if (resources_of(planner))
        unified_work(planner, work);
    for (size_t i = 0; i <= planner->plan.n_cgroups; i++)
        collect(planner, &work[i].rows);
    return work;
}

static void warn_disabled(struct planner *planner, const char *field)
{
    plan_warn(planner, "%s: not applied, for there is no cgroup (--cgroup-manager disabled)", field);
}

void cgroup_warn_disabled(struct planner *planner)
{
    const struct spec_resources *resources = resources_of(planner);
    struct error err = { 0 };

    for (int i = 0; resources && i < N_RESOURCE_CONTROLLERS; i++) {
        const struct resource_controller *controller = &resource_controllers[i];
        struct resource_rows rows = { .arena = planner->arena, .err = &err };

        (controller->rows_v1 ? controller->rows_v1 : controller->rows_v2)(&rows, resources);
        if (rows.n > 0)
            warn_disabled(planner, rows.rows[0].field);
    }
    if (resources && resources->n_unified > 0)
        warn_disabled(planner, "linux.resources.unified");
}

struct hierarchy_work *cgroup_work_limits(struct planner *planner, struct error *err)
{
    return make_work(planner, false, err);
}

struct hierarchy_work *cgroup_work(struct planner *planner, struct error *err)
{
    return make_work(planner, true, err);
}
