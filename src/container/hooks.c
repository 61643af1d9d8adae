// SPDX-License-Identifier: LGPL-2.1-or-later
/* Hooks outside of a launch: poststart and poststop, in the runtime's namespaces. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "cgroup/cgroup.h"
#include "container/context.h"
#include "launch/launch.h"
#include "spec/load.h"
#include "spec/profile.h"

/* The copy was checked when the container was made. What is odd about it, spec_load tells. */
static bool load_without_profile(const struct document *document, struct arena *arena, const struct spec **ret_spec)
{
    struct profile_text profile;

    return profile_find(document, &profile) && profile_load_without(document, &profile, arena, ret_spec);
}

/* The agent's metadata are in the profile. */
static bool needs_profile(const struct container *container, const struct spec *spec)
{
    return container->state.seccomp_agent || spec_annotation(spec, "run.oci.seccomp.plugins");
}

int container_config(const struct container *container, struct document *ret, struct error *err)
{
    int r = document_read(ret, container->dir_fd, STATE_CONFIG, err);

    return r < 0 ? (error_prefix(err, "container \"%s\"", container->state.id), r) : 0;
}

int container_spec(struct container *container, const struct spec **ret_spec, struct error *err)
{
    _cleanup_(document_done) struct document document = { 0 };
    int r;

    if (container->spec) {
        *ret_spec = container->spec;
        return 0;
    }
    r = container_config(container, &document, err);
    if (r < 0 || (load_without_profile(&document, &container->arena, ret_spec) && !needs_profile(container, *ret_spec)))
        return r;
    r = spec_load(&document, &container->arena, ret_spec, err);
    return r < 0 ? (error_prefix(err, "container \"%s\"", container->state.id), r) : 0;
}

/* "PATH=..." of ours for a hook that brings no environment. */
static const char **hook_environment(const struct spec_hook *hook, char *path_entry, size_t size)
{
    const char **env = calloc(hook->n_env + 2, sizeof *env), *path = getenv("PATH");

    if (!env)
        return NULL;
    for (size_t i = 0; i < hook->n_env; i++)
        env[i] = hook->env[i];
    if (!hook->has_env && path && (size_t) snprintf(path_entry, size, "PATH=%s", path) < size)
        env[0] = path_entry;
    return env;
}

static const char **hook_arguments(const struct spec_hook *hook)
{
    const char **args = calloc(hook->n_args + 2, sizeof *args);

    if (!args)
        return NULL;
    args[0] = hook->path;
    for (size_t i = 0; i < hook->n_args; i++)
        args[i] = hook->args[i];
    return args;
}

static int run_one(const struct hook_round *round, const struct spec_hook *hook, const char *document,
                   struct error *err)
{
    char path_entry[8192];
    _cleanup_free_ const char **env = hook_environment(hook, path_entry, sizeof path_entry);
    _cleanup_free_ const char **args = hook_arguments(hook);
    struct hook_run run = { .path = hook->path,
                            .args = (char *const *) args,
                            .env = (char *const *) env,
                            .timeout = hook->timeout.set ? (long) hook->timeout.value : 0,
                            .document = document,
                            .stdout_path = spec_annotation(round->spec, "run.oci.hooks.stdout"),
                            .stderr_path = spec_annotation(round->spec, "run.oci.hooks.stderr"),
                            .cancel = round->cancel,
                            .dir_fd = round->dir_fd,
                            .poststop = round->kind == HOOK_POSTSTOP };

    return env && args ? hook_run(&run, err) : error_errno(err, -ENOMEM, "start");
}

int container_spec_hooks(struct crun_context *context, const struct hook_round *round, struct error *err)
{
    const struct spec_hooks *hooks = &round->spec->hooks[round->kind];
    _cleanup_free_ char *document = NULL;
    int r = hooks->n_hooks ? state_document(round->state, round->status, false, false, &document, err) : 0;

    for (size_t i = 0; r >= 0 && i < hooks->n_hooks; i++) {
        r = run_one(round, &hooks->hooks[i], document, err);
        if (r == -EAGAIN) /* of the clone */
            cgroup_pids_explain(round->state->cgroups, round->state->n_cgroups, PIDS_OF_CALLER, err);
        if (r < 0)
            error_prefix(err, "error running %s hook #%zu", hook_kind_name(round->kind), i);
        if (r < 0 && round->kind == HOOK_POSTSTOP) {
            log_write(context->log, LOG_LEVEL_WARNING, "%s", err->text);
            r = 0;
        }
    }
    return r;
}

int container_hooks(struct crun_context *context, const struct container *container, enum hook_kind kind,
                    enum state_status status, struct error *err)
{
    struct container copy = *container;
    struct hook_round round = { .state = &container->state,
                                .dir_fd = container->dir_fd,
                                .kind = kind,
                                .status = status,
                                .cancel = container->cancel };
    int r = container_spec(&copy, &round.spec, err);

    return r < 0 ? r : container_spec_hooks(context, &round, err);
}
