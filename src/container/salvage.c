// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A container whose state cannot be read. Its processes and cgroups are there all the same, and the kept config.json
 * says where: the planner, asked again, decides on the same cgroups. Without a config.json nothing of them was made yet,
 * or a delete had come past them when it was killed: it goes next to last.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroup/cgroup.h"
#include "container/context.h"
#include "host/host.h"

/* The clean-up delete does not say which manager it was; "slice:prefix:name" does. */
static enum cgroup_manager manager_of(const struct crun_context *context, const struct spec *spec)
{
    const char *path = spec->linux_->cgroups_path, *colon = path ? strchr(path, ':') : NULL;

    return path && path[0] != '/' && colon && strchr(colon + 1, ':') ? CGROUP_MANAGER_SYSTEMD : context->manager;
}

static int plan_again(const struct crun_context *context, struct container *container, const struct spec *spec,
                      struct plan *ret_plan, struct error *err)
{
    struct host host = { 0 };
    const struct plan_input input = { .spec = spec,
                                      .host = &host,
                                      .id = container->state.id,
                                      .bundle = "/",
                                      .manager = manager_of(context, spec),
                                      .as_runc = context->as_runc };
    int r = host_probe(&host, host_needs(spec, false), &container->arena, err);

    if (r >= 0 && input.manager == CGROUP_MANAGER_SYSTEMD)
        host_probe_user_manager(&host, &container->arena);
    return r < 0 ? r : plan_create(&input, &container->arena, ret_plan, err);
}

/* Whether any of the cgroups is there: containers without cgroups, or with others, are not killed by them. */
static bool have_cgroups(const struct state *state)
{
    for (size_t i = 0; i < state->n_cgroups; i++) {
        _cleanup_close_ int fd = cgroup_open(&state->cgroups[i], NULL);

        if (fd >= 0)
            return true;
    }
    return false;
}

int container_salvage(struct crun_context *context, struct container *container, struct error *err)
{
    const struct spec *spec;
    struct plan plan;
    int r = container_spec(container, &spec, err);

    if (r == -ENOENT)
        return 0;
    if (r >= 0)
        r = plan_again(context, container, spec, &plan, err);
    if (r < 0)
        return r;
    container->spec = spec;
    container->state.cgroups = plan.cgroups;
    container->state.n_cgroups = plan.n_cgroups;
    container->state.scope = plan.scope;
    plan_done(&plan);
    return have_cgroups(&container->state) ? 0 : error_set(err, -ENOENT, "none of its cgroups is there");
}
