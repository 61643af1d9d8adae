// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * host.json of golden tests: the facts of a machine that need not be this one. Keys are the field names of struct
 * host; absent is zero; an unknown key is an error, so that a typing mistake does not test something else.
 */
#include "host/host.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

struct loader {
    struct arena *arena;
    struct error *err;
};

enum fact_kind { FACT_BOOL, FACT_U32, FACT_U64, FACT_STRING, FACT_LAYOUT, FACT_RANGES, FACT_HIERARCHIES, FACT_CGROUP };

struct fact {
    const char *name;
    enum fact_kind kind;
    size_t offset;
    size_t count; /* offset of the number of an array */
};

#define FACT(type, kind, field)                                                                                        \
    {                                                                                                                  \
#field, kind, offsetof(type, field), 0                                                                         \
    }
#define FACTS(type, kind, field)                                                                                       \
    {                                                                                                                  \
#field, kind, offsetof(type, field), offsetof(type, n_##field)                                                 \
    }

static const struct fact host_facts[] = {
    FACT(struct host, FACT_U32, euid),
    FACT(struct host, FACT_U32, egid),
    FACT(struct host, FACT_BOOL, in_user_namespace),
    FACT(struct host, FACT_BOOL, groups_denied),
    FACT(struct host, FACT_BOOL, foreign_mounts),
    FACT(struct host, FACT_U64, capabilities),
    FACT(struct host, FACT_U32, last_capability),
    FACT(struct host, FACT_BOOL, apparmor),
    FACT(struct host, FACT_BOOL, selinux),
    FACT(struct host, FACT_BOOL, clone_into_cgroup),
    FACT(struct host, FACT_STRING, resctrl),
    FACT(struct host, FACT_BOOL, proc_missing),
    FACT(struct host, FACT_BOOL, time_namespace),
    FACT(struct host, FACT_BOOL, cgroup_namespace),
    FACT(struct host, FACT_BOOL, bfq),
    FACT(struct host, FACT_BOOL, mqueue_missing),
    FACTS(struct host, FACT_RANGES, subuids),
    FACTS(struct host, FACT_RANGES, subgids),
    FACTS(struct host, FACT_RANGES, own_uids),
    FACTS(struct host, FACT_RANGES, own_gids),
    FACT(struct host, FACT_STRING, user_manager),
    FACT(struct host, FACT_STRING, newuidmap),
    FACT(struct host, FACT_STRING, newgidmap),
    FACT(struct host, FACT_CGROUP, cgroup),
    FACT(struct host, FACT_STRING, xdg_runtime_dir),
    FACT(struct host, FACT_STRING, path),
    { 0 },
};

static const struct fact cgroup_facts[] = {
    FACT(struct host_cgroup, FACT_LAYOUT, layout),
    FACTS(struct host_cgroup, FACT_HIERARCHIES, hierarchies),
    { 0 },
};

static const struct fact hierarchy_facts[] = {
    FACT(struct cgroup_hierarchy, FACT_STRING, mount_point),
    FACT(struct cgroup_hierarchy, FACT_STRING, controllers),
    FACT(struct cgroup_hierarchy, FACT_STRING, own_path),
    FACT(struct cgroup_hierarchy, FACT_STRING, mount_root),
    FACT(struct cgroup_hierarchy, FACT_BOOL, closed),
    FACT(struct cgroup_hierarchy, FACT_BOOL, v2),
    { 0 },
};

static const struct fact range_facts[] = {
    FACT(struct id_map, FACT_U32, container_id),
    FACT(struct id_map, FACT_U32, host_id),
    FACT(struct id_map, FACT_U32, size),
    { 0 },
};

static const char *const layout_names[] = {
    [CGROUP_LAYOUT_NONE] = "none",
    [CGROUP_LAYOUT_V1] = "v1",
    [CGROUP_LAYOUT_HYBRID] = "hybrid",
    [CGROUP_LAYOUT_V2] = "v2",
};

static int load_object(struct loader *loader, const struct fact *facts, json_object *object, void *target);

static int expected(struct loader *loader, const struct fact *fact, const char *what)
{
    return error_set(loader->err, -EINVAL, "host.json: %s: expected %s", fact->name, what);
}

static int load_bool(struct loader *loader, const struct fact *fact, json_object *value, bool *target)
{
    if (!json_object_is_type(value, json_type_boolean))
        return expected(loader, fact, "true or false");
    *target = json_object_get_boolean(value);
    return 0;
}

/* Numbers, or strings like "0x1ff" for bit sets. */
static int load_number(struct loader *loader, const struct fact *fact, json_object *value, uint64_t maximum,
                       uint64_t *ret)
{
    const char *text = json_object_get_string(value);
    char *end;

    if (!json_object_is_type(value, json_type_int) && !json_object_is_type(value, json_type_string))
        return expected(loader, fact, "a number");
    errno = 0;
    *ret = strtoull(text, &end, 0);
    if (errno || end == text || *end || *text == '-' || *ret > maximum)
        return expected(loader, fact, "a number in range");
    return 0;
}

static int load_u32(struct loader *loader, const struct fact *fact, json_object *value, uint32_t *target)
{
    uint64_t number = 0;
    int r = load_number(loader, fact, value, UINT32_MAX, &number);

    *target = (uint32_t) number;
    return r;
}

static int load_string(struct loader *loader, const struct fact *fact, json_object *value, const char **target)
{
    if (!json_object_is_type(value, json_type_string))
        return expected(loader, fact, "a string");
    *target = arena_strdup(loader->arena, json_object_get_string(value));
    return *target ? 0 : error_errno(loader->err, -ENOMEM, "host.json");
}

static int load_layout(struct loader *loader, const struct fact *fact, json_object *value, enum cgroup_layout *target)
{
    const char *name = json_object_get_string(value);

    for (size_t i = 0; name && i < sizeof layout_names / sizeof layout_names[0]; i++) {
        if (strcmp(name, layout_names[i]) != 0)
            continue;
        *target = (enum cgroup_layout) i;
        return 0;
    }
    return expected(loader, fact, "one of none, v1, hybrid, v2");
}

static int load_array(struct loader *loader, const struct fact *fact, json_object *value, const struct fact *facts,
                      size_t size, void *target, size_t *ret_n)
{
    size_t n = json_object_is_type(value, json_type_array) ? json_object_array_length(value) : 0;
    char *elements;
    int r = 0;

    if (!json_object_is_type(value, json_type_array))
        return expected(loader, fact, "an array");
    elements = arena_alloc(loader->arena, n + 1, size);
    if (!elements)
        return error_errno(loader->err, -ENOMEM, "host.json");
    for (size_t i = 0; r == 0 && i < n; i++)
        r = load_object(loader, facts, json_object_array_get_idx(value, i), elements + i * size);
    memcpy(target, &elements, sizeof elements);
    *ret_n = n;
    return r;
}

static int load_hierarchies(struct loader *loader, const struct fact *fact, json_object *value, void *target,
                            size_t *ret_n)
{
    struct cgroup_hierarchy *hierarchies;
    int r = load_array(loader, fact, value, hierarchy_facts, sizeof *hierarchies, target, ret_n);

    if (r < 0)
        return r;
    memcpy(&hierarchies, target, sizeof hierarchies);
    for (size_t i = 0; i < *ret_n; i++) {
        if (!hierarchies[i].mount_point || !hierarchies[i].controllers)
            return expected(loader, fact, "hierarchies with mount_point and controllers");
        if (!hierarchies[i].mount_root)
            hierarchies[i].mount_root = "/";
        if (!hierarchies[i].own_path)
            hierarchies[i].own_path = "/";
    }
    return 0;
}

static int load_fact(struct loader *loader, const struct fact *fact, json_object *value, char *base)
{
    void *target = base + fact->offset;
    size_t *count = (void *) (base + fact->count);

    switch (fact->kind) {
    case FACT_BOOL:
        return load_bool(loader, fact, value, target);
    case FACT_U32:
        return load_u32(loader, fact, value, target);
    case FACT_U64:
        return load_number(loader, fact, value, UINT64_MAX, target);
    case FACT_STRING:
        return load_string(loader, fact, value, target);
    case FACT_LAYOUT:
        return load_layout(loader, fact, value, target);
    case FACT_RANGES:
        return load_array(loader, fact, value, range_facts, sizeof(struct id_map), target, count);
    case FACT_HIERARCHIES:
        return load_hierarchies(loader, fact, value, target, count);
    case FACT_CGROUP:
        return load_object(loader, cgroup_facts, value, target);
    }
    return 0;
}

static const struct fact *find_fact(const struct fact *facts, const char *name)
{
    for (; facts->name; facts++)
        if (strcmp(facts->name, name) == 0)
            return facts;
    return NULL;
}

static int load_object(struct loader *loader, const struct fact *facts, json_object *object, void *target)
{
    struct json_object_iterator at, end;
    int r = 0;

    if (!json_object_is_type(object, json_type_object))
        return error_set(loader->err, -EINVAL, "host.json: expected an object");
    at = json_object_iter_begin(object);
    end = json_object_iter_end(object);
    for (; r == 0 && !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
        const char *name = json_object_iter_peek_name(&at);
        const struct fact *fact = find_fact(facts, name);

        r = fact ? load_fact(loader, fact, json_object_iter_peek_value(&at), target)
                 : error_set(loader->err, -EINVAL, "host.json: unknown fact \"%s\"", name);
    }
    return r;
}

int host_load(struct host *host, const char *text, struct arena *arena, struct error *err)
{
    struct loader loader = { arena, err };
    enum json_tokener_error problem;
    json_object *object = json_tokener_parse_verbose(text, &problem);
    int r;

    *host = (struct host){ 0 };
    if (!object)
        return error_set(err, -EINVAL, "host.json: %s", json_tokener_error_desc(problem));
    r = load_object(&loader, host_facts, object, host);
    json_object_put(object);
    return r;
}
