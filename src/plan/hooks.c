// SPDX-License-Identifier: LGPL-2.1-or-later
/* Hooks as rows: one each, in the order of the document. */
#include "plan/plan.h"

bool plan_has_hooks(const struct planner *planner, enum hook_kind kind)
{
    return planner->input->spec->hooks[kind].n_hooks > 0;
}

/* A hook without "env" inherits the runtime's PATH; a startContainer hook gets the process's environment. */
static struct op_list environment(struct planner *planner, const struct spec_hook *hook, enum hook_kind kind)
{
    const struct spec_process *process = planner->input->spec->process;
    const char *path = planner->input->host->path;

    if (hook->has_env)
        return plan_list(planner, hook->env, hook->n_env);
    if (kind == HOOK_START_CONTAINER && process)
        return plan_list(planner, process->env, process->n_env);
    if (path)
        path = arena_printf(planner->arena, "PATH=%s", path);
    return plan_list(planner, &path, path ? 1 : 0);
}

static struct op_list arguments(struct planner *planner, const struct spec_hook *hook)
{
    if (hook->n_args)
        return plan_list(planner, hook->args, hook->n_args);
    return plan_list(planner, &hook->path, 1);
}

static op_slot new_output(struct planner *planner, struct op *op, const char *path)
{
    op->hook_output.path = plan_str(planner, path);
    return op->hook_output.slot = plan_slot(planner);
}

static op_slot output_row(struct planner *planner, const char *annotation)
{
    const char *path = spec_annotation(planner->input->spec, annotation);

    return path ? new_output(planner, plan_add(planner, OP_HOOK_OUTPUT, SIDE_PARENT, "annotations[\"%s\"]", annotation),
                             path)
                : SLOT_NONE;
}

/* The host's /dev/null: what it would have else is the container's standard output. */
static op_slot nowhere_row(struct planner *planner)
{
    return new_output(planner, plan_add(planner, OP_HOOK_OUTPUT, SIDE_PARENT, "standard output of hooks"), NULL);
}

void plan_hooks_output(struct planner *planner)
{
    if (!plan_has_hooks(planner, HOOK_CREATE_CONTAINER) && !plan_has_hooks(planner, HOOK_START_CONTAINER))
        return;
    planner->hook_output = output_row(planner, "run.oci.hooks.stdout");
    if (planner->hook_output == SLOT_NONE)
        planner->hook_output = nowhere_row(planner);
    planner->hook_errors = output_row(planner, "run.oci.hooks.stderr");
}

void plan_hooks(struct planner *planner, enum hook_kind kind, enum op_side side)
{
    const struct spec_hooks *hooks = &planner->input->spec->hooks[kind];

    for (size_t i = 0; i < hooks->n_hooks; i++) {
        const struct spec_hook *hook = &hooks->hooks[i];
        struct op *op = plan_add(planner, OP_HOOK, side, "error running %s hook #%zu", hook_kind_name(kind), i);

        op->hook.kind = kind;
        op->hook.output = side == SIDE_INIT ? planner->hook_output : SLOT_NONE;
        op->hook.errors = side == SIDE_INIT ? planner->hook_errors : SLOT_NONE;
        op->hook.index = (int64_t) i;
        op->hook.path = plan_str(planner, hook->path);
        op->hook.args = arguments(planner, hook);
        op->hook.env = environment(planner, hook, kind);
        op->hook.timeout = hook->timeout.set ? hook->timeout.value : 0;
    }
}
