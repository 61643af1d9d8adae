// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The cgroups of a process that comes later. By itself it goes where the container's first process is now: that one may
 * have moved below the container's cgroup (an init system does, and on v2 a cgroup that gives controllers to its
 * children takes no more processes). `--cgroup` names another place below the container's cgroup; it must exist, and no
 * spelling leads out: the path is put together as text, and ".." is refused.
 */
#include <errno.h>
#include <string.h>

#include "plan/cgroup_paths.h"
#include "plan/cgroup_work.h"
#include "plan/plan.h"
#include "plan/scope.h"

struct wish {
    const char *controllers; /* comma list; "": all of them */
    const char *path;
};

static const struct plan_target *target_of(const struct planner *planner)
{
    return planner->input->target;
}

/* ---- --cgroup ---- */

static bool only_v2(const struct planner *planner)
{
    return planner->input->host->cgroup.layout == CGROUP_LAYOUT_V2;
}

/* "PATH" or, where controllers have hierarchies of their own, "CONTROLLER[,CONTROLLER]:PATH". */
static struct wish parse_wish(struct planner *planner, const char *text)
{
    size_t length = strcspn(text, ":/");
    struct wish wish = { "", text };

    if (text[length] == ':' && !only_v2(planner)) {
        wish.controllers = arena_strndup(planner->arena, text, length);
        wish.path = text + length + 1;
    }
    if (!wish.controllers)
        wish.controllers = "";
    return wish;
}

/* BASE and below it PATH, with one slash before each name; NULL if it leads elsewhere. */
static const char *below(struct planner *planner, const char *base, const char *path)
{
    char *joined = arena_printf(planner->arena, "%s/%s/", base[1] ? base : "", path);
    char *end = joined ? joined + strlen(base[1] ? base : "") : NULL;

    if (!joined || !*path)
        return NULL;
    for (const char *name = path; *name;) {
        size_t length = strcspn(name, "/");

        if (length == 2 && memcmp(name, "..", 2) == 0)
            return NULL;
        if (length > 0 && !(length == 1 && name[0] == '.')) {
            *end++ = '/';
            end = (char *) memmove(end, name, length) + length;
        }
        name += length + (name[length] == '/');
    }
    *end = '\0';
    return end == joined ? "/" : joined;
}

/* Without controllers all hierarchies are meant, the v2 one beside v1 too. */
static bool wish_is_for(const struct planner *planner, const struct wish *wish, const struct cgroup_dir *cgroup)
{
    if (!*wish->controllers)
        return true;
    for (const char *name = wish->controllers; *name;) {
        size_t length = strcspn(name, ",");
        const char *one = arena_strndup(planner->arena, name, length);

        if (one && cgroup->controllers && cgroup_list_has(cgroup->controllers, one))
            return true;
        name += length + (name[length] == ',');
    }
    return false;
}

static void check_controllers(struct planner *planner, const struct wish *wish, const char *text)
{
    for (const char *name = wish->controllers; *name;) {
        size_t length = strcspn(name, ",");
        const struct wish one = { arena_strndup(planner->arena, name, length), wish->path };
        bool found = false;

        for (size_t i = 0; one.controllers && i < target_of(planner)->n_cgroups; i++)
            found |= *one.controllers && wish_is_for(planner, &one, &target_of(planner)->cgroups[i]);
        if (!found)
            plan_fail(planner, -EINVAL, "--cgroup \"%s\": the container has no cgroup with controller \"%.*s\"", text,
                      (int) length, name);
        name += length + (name[length] == ',');
    }
}

/* The path that was wished for hierarchy I, the last of several; NULL for none. */
static const char *wished_path(struct planner *planner, size_t i)
{
    const struct cgroup_dir *own = &target_of(planner)->cgroups[i];
    const char *path = NULL;

    for (size_t k = 0; k < target_of(planner)->n_wishes; k++) {
        struct wish wish = parse_wish(planner, target_of(planner)->wishes[k]);

        if (wish_is_for(planner, &wish, own))
            path = below(planner, own->path, wish.path);
    }
    return path;
}

static void check_wishes(struct planner *planner)
{
    for (size_t k = 0; k < target_of(planner)->n_wishes; k++) {
        const char *text = target_of(planner)->wishes[k];
        struct wish wish = parse_wish(planner, text);

        if (!below(planner, "/", wish.path))
            plan_fail(planner, -EINVAL, "--cgroup: \"%s\" is not a sub cgroup path", wish.path);
        else
            check_controllers(planner, &wish, text);
    }
    if (target_of(planner)->n_wishes && target_of(planner)->n_cgroups == 0)
        plan_fail(planner, -EINVAL, "--cgroup: the container has no cgroup");
}

/* ---- rows ---- */

/* Whether we are there already: then the new process is, too. */
static bool is_ours(const struct planner *planner, const struct cgroup_dir *cgroup)
{
    const struct host_cgroup *host = &planner->input->host->cgroup;

    for (size_t i = 0; i < host->n_hierarchies; i++)
        if (strcmp(host->hierarchies[i].mount_point, cgroup->mount) == 0)
            return strcmp(cgroup_own_path(&host->hierarchies[i]), cgroup->path) == 0;
    return false;
}

/* Where the kernel says that the container is, or the user that it shall be, there is a cgroup. Where only the state says
 * so, `create` may have done without. */
static void find_row(struct planner *planner, size_t i, bool wished)
{
    const struct cgroup_dir *cgroup = &planner->plan.cgroups[i];
    op_str mount = plan_str(planner, cgroup->mount), path = plan_str(planner, cgroup->path);
    struct op *op = plan_add(planner, OP_CGROUP_FIND, SIDE_PARENT, "%s\"%s\" (%s)", wished ? "--cgroup " : "cgroup ",
                             cgroup->path, cgroup->v2 ? "v2" : cgroup->controllers);

    op->cgroup_find.hierarchy = (int64_t) i;
    op->cgroup_find.mount = mount;
    op->cgroup_find.path = path;
    op->cgroup_find.flags = wished || target_of(planner)->now[i] ? 0 : CGROUP_MAKE_OPTIONAL;
}

void plan_cgroup_find(struct planner *planner)
{
    const struct plan_target *target = target_of(planner);
    struct cgroup_dir *cgroups = arena_new(planner->arena, struct cgroup_dir, target->n_cgroups + 1);

    check_wishes(planner);
    planner->plan.cgroups = cgroups;
    planner->plan.scope = target->scope;
    for (size_t i = 0; cgroups && i < target->n_cgroups && i < CGROUP_MASK_LIMIT; i++) {
        const char *wish = wished_path(planner, i);

        cgroups[i] = target->cgroups[i];
        if (wish || target->now[i])
            cgroups[i].path = wish ? wish : target->now[i];
        planner->plan.n_cgroups = i + 1;
        if (wish || !is_ours(planner, &cgroups[i]))
            find_row(planner, i, wish != NULL);
    }
}

/* A process that is born in a frozen cgroup stands still before its exec, and we with it (CLONE_VFORK). */
int plan_cgroup_exec_hierarchy(const struct planner *planner)
{
    if (!planner->input->host->clone_into_cgroup || !cgroup_privileged(planner->input->host) ||
        target_of(planner)->frozen)
        return -1;
    for (size_t i = 0; i < planner->plan.n_cgroups; i++)
        if (planner->plan.cgroups[i].v2)
            return (int) i;
    return -1;
}

void plan_cgroup_enter(struct planner *planner, int born_in)
{
    uint64_t mask = 0;

    for (size_t i = 0; i < planner->plan.n_cgroups; i++)
        if ((int) i != born_in && !is_ours(planner, &planner->plan.cgroups[i]))
            mask |= UINT64_C(1) << i;
    if (mask && plan_scope_attaches(planner))
        plan_scope_attach(planner);
    else if (mask)
        plan_add(planner, OP_CGROUP_JOIN, SIDE_PARENT, "cgroups of the container")->cgroup_join.mask = (int64_t) mask;
}
