// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The scope unit: its name and slice out of linux.cgroupsPath, "slice:prefix:name", and its properties.
 *
 * A scope exists as long as there is a process in it, and is made for processes that exist. It shall exist before the
 * container's, so that its limits are in force before that one does anything; and while init stands outside for the time
 * of set-up (small memory limits) it must not end. So SCOPE_START puts a process of ours into it that does nothing,
 * and SCOPE_RELEASE takes it away. In between, all is as with cgroups that we made (plan/cgroup.c).
 *
 * systemd alone knows the cgroup: SCOPE_START takes it from there. What stands in the plan is where it will be, as
 * far as can be told.
 */
#include "plan/scope.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "plan/cgroup_paths.h"
#include "plan/gvariant.h"

#define PROPERTY   "org.systemd.property."
#define SUBGROUP   "run.oci.systemd.subgroup"
#define NAME_LIMIT 240 /* UNIT_NAME_MAX is 255, with ".scope" */
#define EXPECTED   "expected \"slice:prefix:name\" with --cgroup-manager systemd"

bool plan_scope_of_user(const struct host *host)
{
    return !cgroup_privileged(host);
}

static const struct spec *spec_of(const struct planner *planner)
{
    return planner->input->spec;
}

/* ---- the name ---- */

struct scope_path {
    const char *slice, *prefix, *name;
};

static struct scope_path default_path(const struct planner *planner)
{
    return (struct scope_path){ "", planner->input->as_runc ? "runc" : "crun", planner->input->id };
}

/* "slice:prefix:name"; an empty slice is the default one, an empty prefix none. */
static struct scope_path parse_path(struct planner *planner)
{
    const char *wish = spec_of(planner)->linux_->cgroups_path, *second, *third;
    struct scope_path path;

    if (!wish || !wish[0])
        return default_path(planner);
    second = strchr(wish, ':');
    third = second ? strchr(second + 1, ':') : NULL;
    if (!third || strchr(third + 1, ':') || !third[1]) {
        plan_fail(planner, -EINVAL, "linux.cgroupsPath: " EXPECTED ", found \"%s\"", wish);
        return default_path(planner);
    }
    path.slice = arena_strndup(planner->arena, wish, (size_t) (second - wish));
    path.prefix = arena_strndup(planner->arena, second + 1, (size_t) (third - second - 1));
    path.name = third + 1;
    return planner->arena->failed ? default_path(planner) : path;
}

static bool unit_character(char character)
{
    return isalnum((unsigned char) character) || (character && strchr("-_.", character));
}

/* As systemd-escape(1) does it: what a unit's name cannot have becomes "\x2b". */
static const char *escape(struct planner *planner, const char *text)
{
    char *escaped = arena_alloc(planner->arena, 4, strlen(text) + 1), *end = escaped;
    static const char digits[] = "0123456789abcdef";

    for (; escaped && *text; text++) {
        if (unit_character(*text)) {
            *end++ = *text;
            continue;
        }
        *end++ = '\\';
        *end++ = 'x';
        *end++ = digits[(unsigned char) *text >> 4];
        *end++ = digits[(unsigned char) *text & 15];
    }
    return escaped ? escaped : "";
}

static const char *scope_name(struct planner *planner, const struct scope_path *path)
{
    const char *full =
        escape(planner, arena_printf(planner->arena, "%s%s%s", path->prefix, path->prefix[0] ? "-" : "", path->name));

    full = cgroup_short_name(planner, full, NAME_LIMIT);
    return arena_printf(planner->arena, "%s.scope", full ? full : "");
}

/* ---- the slice ---- */

static bool slice_valid(const char *slice)
{
    size_t length = strlen(slice);

    if (length <= 6 || length > 255 || strcmp(slice + length - 6, ".slice") != 0)
        return false;
    length -= 6;
    if (slice[0] == '-' || slice[length - 1] == '-')
        return length == 1; /* "-.slice" is the root */
    for (size_t i = 0; i < length; i++)
        if ((!unit_character(slice[i]) && !strchr(":@\\", slice[i])) || (slice[i] == '-' && slice[i + 1] == '-'))
            return false;
    return true;
}

static const char *default_slice(const struct planner *planner)
{
    return plan_scope_of_user(planner->input->host) ? "user.slice" : "system.slice";
}

/* A valid one always: "crun check" goes on after a problem. */
static const char *slice_name(struct planner *planner, const struct scope_path *path)
{
    if (strcmp(path->slice, "-") == 0)
        return "-.slice";
    if (slice_valid(path->slice))
        return path->slice;
    if (path->slice[0])
        plan_fail(planner, -EINVAL,
                  "linux.cgroupsPath: " EXPECTED ": \"%s\" is not the name of a slice, like \"machine.slice\" (a dash "
                  "nests: \"a-b.slice\" lies in \"a.slice\")",
                  path->slice);
    return default_slice(planner);
}

/* "a-b.slice" is "/a.slice/a-b.slice". */
static const char *slice_path(struct planner *planner, const char *slice)
{
    size_t length = strlen(slice) - strlen(".slice");
    const char *path = "";

    if (strcmp(slice, "-.slice") == 0)
        return "";
    for (size_t i = 1; path && i <= length; i++)
        if (i == length || slice[i] == '-')
            path = arena_printf(planner->arena, "%s/%.*s.slice", path, (int) i, slice);
    return path ? path : "";
}

/* ---- deciding ---- */

/* An ordinary user's systemd works in v2 alone. */
static bool is_managed(const struct planner *planner, const struct cgroup_hierarchy *hierarchy)
{
    return hierarchy->v2 || !plan_scope_of_user(planner->input->host);
}

static const char *manager_path(const struct host *host)
{
    return plan_scope_of_user(host) && host->user_manager ? host->user_manager : "";
}

static void add_cgroup(struct planner *planner, const struct cgroup_hierarchy *hierarchy, const char *path)
{
    planner->plan.cgroups[planner->plan.n_cgroups++] = (struct cgroup_dir){
        .mount = hierarchy->mount_point,
        .path = path,
        .v2 = hierarchy->v2,
        .controllers = hierarchy->controllers,
    };
}

void plan_scope_decide(struct planner *planner)
{
    const struct host_cgroup *host = &planner->input->host->cgroup;
    struct scope_path wish = parse_path(planner);
    const char *slice = slice_name(planner, &wish), *scope = scope_name(planner, &wish), *path;

    if (planner->failed || !scope)
        return;
    path =
        arena_printf(planner->arena, "%s%s/%s", manager_path(planner->input->host), slice_path(planner, slice), scope);
    planner->plan.cgroups = arena_new(planner->arena, struct cgroup_dir, host->n_hierarchies + 1);
    if (!planner->plan.cgroups || !path)
        return; /* plan_create looks at the arena */
    planner->plan.scope = scope;
    planner->scope_slice = slice;
    for (size_t i = 0; i < host->n_hierarchies && i < CGROUP_MASK_LIMIT; i++)
        if (is_managed(planner, &host->hierarchies[i]))
            add_cgroup(planner, &host->hierarchies[i], path);
    if (planner->plan.n_cgroups == 0)
        plan_fail(planner, -ENOENT,
                  "--cgroup-manager systemd: no cgroup file system is mounted that systemd could manage");
}

const char *plan_scope_subgroup(const struct planner *planner)
{
    const char *name = planner->plan.scope ? spec_annotation(spec_of(planner), SUBGROUP) : NULL;

    return name && name[0] ? name : NULL;
}

/* ---- properties ---- */

static bool name_valid(const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char) name[i]))
            return false;
    return length > 0 && length < 128;
}

/* A property that the configuration sets itself replaces ours: systemd takes the last one of each. */
static void annotation_properties(struct planner *planner, struct unit_properties *properties)
{
    const struct spec *spec = spec_of(planner);

    for (size_t i = 0; i < spec->n_annotations; i++) {
        const char *key = spec->annotations[i].key, *name = key + strlen(PROPERTY), *value = spec->annotations[i].value;
        char signature[GVARIANT_SIGNATURE_SIZE];
        struct error err = { 0 };

        if (strncmp(key, PROPERTY, strlen(PROPERTY)) != 0)
            continue;
        if (!name_valid(name))
            plan_fail(planner, -EINVAL, "annotations[\"%s\"]: not the name of a unit property", key);
        else if (gvariant_signature(value, signature, &err) < 0)
            plan_fail(planner, -EINVAL,
                      "annotations[\"%s\"]: %s (the value is GVariant text: 'word', uint64 5, true, ['a', 'b'])", key,
                      err.text);
        else
            unit_property(properties, "%s=%s", name, value);
    }
}

/* v1 has one list a cgroup, which systemd writes anew at a daemon-reload, and it knows no exceptions to everything. */
static void check_devices(struct planner *planner, const struct device_rules *rules)
{
    const struct device_rule *exception = device_rules_exception(rules);

    if (exception && cgroup_find(planner, false, "devices") != CGROUP_NOT_FOUND)
        plan_fail(
            planner, -EOPNOTSUPP,
            "linux.resources.devices[%zu]: with --cgroup-manager systemd and cgroup v1 nothing can be denied after "
            "everything was allowed (allow what is needed instead, or use --cgroup-manager cgroupfs)",
            exception->origin);
}

void plan_scope_devices(struct planner *planner, const struct spec_resources *resources,
                        struct unit_properties *properties)
{
    struct error err = { 0 };
    struct device_rules rules;

    if (plan_scope_of_user(planner->input->host))
        return; /* his systemd may not load programs, nor may he */
    if (device_rules_make(resources, planner->input->spec->linux_, planner->arena, &rules, &err) < 0)
        return; /* who makes the rules themselves has told */
    check_devices(planner, &rules);
    unit_device_properties(properties, &rules);
}

static void basic_properties(struct planner *planner, struct unit_properties *properties)
{
    unit_property(properties, "Description='container %s'", planner->input->id);
    unit_property(properties, "Slice='%s'", planner->scope_slice);
    unit_property(properties, "Delegate=true");
    unit_property(properties, "DefaultDependencies=false");
    unit_property(properties, "TasksMax=uint64 %" PRIu64, UINT64_MAX); /* not the default of systemd */
}

static bool is_v1_or_only_v2(const struct planner *planner, size_t i)
{
    return !planner->plan.cgroups[i].v2 || planner->input->host->cgroup.layout == CGROUP_LAYOUT_V2;
}

void plan_scope_start(struct planner *planner, const struct hierarchy_work *work, const char *late_field)
{
    struct unit_properties properties = { .arena = planner->arena, .new_unit = true, .bfq = planner->input->host->bfq };
    struct op *op;
    op_str name;
    struct op_list list;

    basic_properties(planner, &properties);
    for (size_t i = 0; i < planner->plan.n_cgroups; i++)
        for (size_t k = 0; is_v1_or_only_v2(planner, i) && k < work[i].rows.n; k++)
            if (!late_field || strcmp(work[i].rows.rows[k].field, late_field) != 0)
                unit_property_of_row(&properties, &work[i].rows.rows[k]);
    unit_properties_finish(&properties);
    plan_scope_devices(planner, spec_of(planner)->linux_->resources, &properties);
    annotation_properties(planner, &properties);
    if (planner->arena->failed)
        return;
    name = plan_str(planner, planner->plan.scope);
    list = plan_list(planner, properties.list, properties.n);
    op = plan_add(planner, OP_SCOPE_START, SIDE_PARENT, "scope \"%s\"", planner->plan.scope);
    op->scope_start.name = name;
    op->scope_start.properties = list;
    op->scope_start.user = plan_scope_of_user(planner->input->host);
}

void plan_scope_set(struct planner *planner, const struct resource_row *row)
{
    struct unit_properties properties = { .arena = planner->arena };
    struct op *op;
    op_str name;
    struct op_list list;

    unit_property_of_row(&properties, row);
    unit_properties_finish(&properties);
    if (properties.n == 0 || planner->arena->failed)
        return;
    name = plan_str(planner, planner->plan.scope);
    list = plan_list(planner, properties.list, properties.n);
    op = plan_add(planner, OP_SCOPE_SET, SIDE_PARENT, "%s", row->field);
    op->scope_set.name = name;
    op->scope_set.properties = list;
    op->scope_set.user = plan_scope_of_user(planner->input->host);
}

/* ---- entering ---- */

bool plan_scope_attaches(const struct planner *planner)
{
    return planner->plan.scope && plan_scope_of_user(planner->input->host);
}

/* Where below the scope the cgroup PATH is, "" in itself. */
static const char *below_scope(const struct planner *planner, const char *path)
{
    const char *scope = planner->plan.scope, *found = strstr(path, scope);

    return found && (found[strlen(scope)] == '/') ? found + strlen(scope) : "";
}

void plan_scope_attach(struct planner *planner)
{
    int v2 = cgroup_find(planner, true, NULL);
    op_str name = plan_str(planner, planner->plan.scope);
    op_str path = v2 == CGROUP_NOT_FOUND ? 0 : plan_str(planner, below_scope(planner, planner->plan.cgroups[v2].path));
    struct op *op = plan_add(planner, OP_SCOPE_ATTACH, SIDE_PARENT, "scope \"%s\"", planner->plan.scope);

    op->scope_attach.name = name;
    op->scope_attach.path = path;
    op->scope_attach.user = plan_scope_of_user(planner->input->host);
}

void plan_scope_release(struct planner *planner)
{
    if (planner->plan.scope)
        plan_add(planner, OP_SCOPE_RELEASE, SIDE_PARENT, "scope \"%s\"", planner->plan.scope);
}
