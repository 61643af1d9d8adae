// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Three layers: the container's own process gives what every process in there has (limits, capabilities, labels,
 * scheduling); a process object replaces what it names, and always the user, the environment, the working directory and
 * the command; options on the command line come on top. Without a process object the command runs as the container's
 * user, in its directory and environment, but never with its terminal.
 */
#include "container/exec_process.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "plan/capabilities.h"
#include "spec/load.h"
#include "spec/user.h"

struct making {
    struct crun_context *context;
    const struct crun_exec_options *options;
    struct arena *arena;
    struct spec_process *process;
    struct error *err;
};

/* ---- the process object ---- */

/* Absent members are the container's. */
static void inherit(struct spec_process *process, const struct spec_process *own)
{
    if (!process->n_rlimits) {
        process->rlimits = own->rlimits;
        process->n_rlimits = own->n_rlimits;
    }
    if (!process->capabilities)
        process->capabilities = own->capabilities;
    if (!process->has_no_new_privileges)
        process->no_new_privileges = own->no_new_privileges;
    if (!process->scheduler)
        process->scheduler = own->scheduler;
    if (!process->io_priority)
        process->io_priority = own->io_priority;
    if (!process->umask.set)
        process->umask = own->umask;
    if (!process->oom_score_adj.set)
        process->oom_score_adj = own->oom_score_adj;
    if (!process->apparmor_profile)
        process->apparmor_profile = own->apparmor_profile;
    if (!process->selinux_label)
        process->selinux_label = own->selinux_label;
    if (!process->affinity_initial && !process->affinity_final) {
        process->affinity_initial = own->affinity_initial;
        process->affinity_final = own->affinity_final;
    }
}

static int from_file(const struct making *x, const struct spec_process *own)
{
    _cleanup_(document_done) struct document document = { 0 };
    const struct spec_process *loaded;
    int r = context_read(x->context, &document, AT_FDCWD, x->options->process, x->err);

    if (r >= 0)
        r = spec_load_process(&document, x->arena, &loaded, x->err);
    if (r < 0)
        return r;
    *x->process = *loaded;
    inherit(x->process, own);
    return 0;
}

static void from_container(const struct making *x, const struct spec_process *own)
{
    *x->process = *own;
    x->process->terminal = false;
    x->process->console_height = x->process->console_width = (struct opt_u64){ 0 };
    x->process->args = NULL;
    x->process->n_args = 0;
}

/* ---- options ---- */

/* LIST of *N strings with MORE behind them, in a new array. */
static const char **append(struct arena *arena, const char *const *list, size_t *n, const char *const *more,
                           size_t n_more)
{
    const char **all = arena_new(arena, const char *, *n + n_more + 1);

    if (!all)
        return NULL;
    if (*n)
        memcpy(all, list, *n * sizeof *all);
    if (n_more)
        memcpy(all + *n, more, n_more * sizeof *all);
    *n += n_more;
    return all;
}

static int set_words(const struct making *x)
{
    const struct crun_exec_options *o = x->options;
    struct spec_process *process = x->process;

    if (o->n_args) {
        process->args = append(x->arena, NULL, &(size_t){ 0 }, o->args, o->n_args);
        process->n_args = o->n_args;
    }
    for (size_t i = 0; i < o->n_env; i++)
        if (!strchr(o->env[i], '=') || o->env[i][0] == '=')
            return error_set(x->err, -EINVAL, "--env \"%s\": expected NAME=VALUE", o->env[i]);
    process->env = append(x->arena, process->env, &process->n_env, o->env, o->n_env);
    return 0;
}

static int set_user(const struct making *x)
{
    struct spec_process *process = x->process;
    struct opt_u32 gid;
    int r;

    if (!x->options->user)
        return 0;
    r = user_parse(x->options->user, &process->uid, &gid, x->err);
    if (r < 0)
        return error_prefix(x->err, "--user");
    if (gid.set)
        process->gid = gid.value;
    return 0;
}

static int set_groups(const struct making *x)
{
    const struct crun_exec_options *o = x->options;
    struct spec_process *process = x->process;
    uint32_t *gids = arena_new(x->arena, uint32_t, process->n_additional_gids + o->n_additional_gids + 1);
    size_t n = process->n_additional_gids;

    if (!gids)
        return error_errno(x->err, -ENOMEM, "exec");
    if (n)
        memcpy(gids, process->additional_gids, n * sizeof *gids);
    for (size_t i = 0; i < o->n_additional_gids; i++)
        if (user_parse_id(o->additional_gids[i], &gids[n++]) < 0)
            return error_set(
                x->err, -EINVAL,
                "--additional-gids: expected a number from 0 to 4294967294 without leading zeros, found \"%s\"",
                o->additional_gids[i]);
    process->additional_gids = gids;
    process->n_additional_gids = n;
    return 0;
}

static int check_capability(const struct making *x, const char *name)
{
    if (capability_number(name) >= 0 || x->context->as_runc) /* the planner warns */
        return 0;
    return error_set(x->err, -EINVAL, "--cap: unknown capability \"%s\"", name);
}

/* Inheritable and ambient only for a process that has ambient ones: by itself it would get neither. */
static int set_capabilities(const struct making *x)
{
    const struct crun_exec_options *o = x->options;
    struct spec_capabilities *sets = arena_new(x->arena, struct spec_capabilities, 1);

    if (!o->n_caps)
        return 0;
    if (!sets)
        return error_errno(x->err, -ENOMEM, "exec");
    for (size_t i = 0; i < o->n_caps; i++) {
        int r = check_capability(x, o->caps[i]);

        if (r < 0)
            return r;
    }
    if (x->process->capabilities)
        *sets = *x->process->capabilities;
    sets->bounding = append(x->arena, sets->bounding, &sets->n_bounding, o->caps, o->n_caps);
    sets->effective = append(x->arena, sets->effective, &sets->n_effective, o->caps, o->n_caps);
    sets->permitted = append(x->arena, sets->permitted, &sets->n_permitted, o->caps, o->n_caps);
    if (sets->n_ambient) {
        sets->inheritable = append(x->arena, sets->inheritable, &sets->n_inheritable, o->caps, o->n_caps);
        sets->ambient = append(x->arena, sets->ambient, &sets->n_ambient, o->caps, o->n_caps);
    }
    x->process->capabilities = sets;
    return 0;
}

static int set_rest(const struct making *x)
{
    const struct crun_exec_options *o = x->options;
    struct spec_process *process = x->process;

    if (o->cwd && o->cwd[0] != '/')
        return error_set(x->err, -EINVAL, "--cwd: expected an absolute path, found \"%s\"", o->cwd);
    if (o->cwd)
        process->cwd = o->cwd;
    if (o->process_label)
        process->selinux_label = o->process_label;
    if (o->apparmor)
        process->apparmor_profile = o->apparmor;
    process->no_new_privileges |= o->no_new_privs;
    process->terminal |= o->tty;
    if (!process->n_args)
        return error_set(x->err, -EINVAL, "exec: no command given");
    return 0;
}

int exec_process(struct crun_context *context, const struct spec *spec, const struct crun_exec_options *options,
                 struct arena *arena, struct spec_process *ret, struct error *err)
{
    static int (*const steps[])(const struct making *) = { set_words, set_user, set_groups, set_capabilities,
                                                           set_rest };
    const struct making x = { context, options, arena, ret, err };
    int r = 0;

    if (!spec->process)
        return error_set(err, -EINVAL, "process: missing in the container's config.json");
    if (options->process)
        r = from_file(&x, spec->process);
    else
        from_container(&x, spec->process);
    for (size_t i = 0; r >= 0 && i < sizeof steps / sizeof steps[0]; i++)
        r = steps[i](&x);
    return r >= 0 && arena->failed ? error_errno(err, -ENOMEM, "exec") : r;
}
