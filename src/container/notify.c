// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The proxy's socket lives in the state directory; its directory is mounted, not the socket, so that `start`, which is
 * another process than `create`, can put a new one there. As crun the directory in the container is what NOTIFY_SOCKET
 * says (`/d/s` becomes `/d/s/notify`), as runc always /run/notify.
 */
#include "container/notify.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/fd.h"
#include "launch/notify.h"

static const char *const mount_options[] = { "bind", "nosuid", "nodev", "noexec" };

const char *notify_name(const struct crun_context *context)
{
    return context->as_runc ? "notify.sock" : "notify";
}

/* The name of the socket must fit behind it (unix(7)). */
static const char *directory_inside(const struct crun_context *context, const char *variable)
{
    size_t length = strlen(variable) + 1 + strlen(notify_name(context));

    if (context->as_runc || variable[0] != '/' || length >= sizeof((struct sockaddr_un *) NULL)->sun_path)
        return "/run/notify";
    return variable;
}

static int add_mount(struct spec *spec, const char *source, const char *destination, struct arena *arena)
{
    size_t n = spec->n_mounts;
    struct spec_mount *mounts = arena_new(arena, struct spec_mount, n + 1);

    if (!mounts)
        return -ENOMEM;
    if (n)
        memcpy(mounts, spec->mounts, n * sizeof *mounts);
    mounts[n] = (struct spec_mount){ .destination = destination,
                                     .type = "bind",
                                     .source = source,
                                     .options = (const char **) mount_options,
                                     .n_options = sizeof mount_options / sizeof mount_options[0] };
    spec->mounts = mounts;
    spec->n_mounts = n + 1;
    return 0;
}

static int add_variable(struct spec *spec, const char *entry, struct arena *arena)
{
    struct spec_process *process = arena_new(arena, struct spec_process, 1);
    const char **env = arena_new(arena, const char *, spec->process->n_env + 1);

    if (!process || !env || !entry)
        return -ENOMEM;
    *process = *spec->process;
    if (process->n_env)
        memcpy(env, process->env, process->n_env * sizeof *env);
    env[process->n_env++] = entry;
    process->env = env;
    spec->process = process;
    return 0;
}

int notify_prepare(struct crun_context *context, const char *id, struct arena *arena, const struct spec **spec,
                   const char **ret_name, struct error *err)
{
    const char *variable = getenv("NOTIFY_SOCKET"), *inside, *source, *why;
    _cleanup_free_ char *root = NULL;
    struct spec *copy;
    int r;

    if (!variable || !*variable || !(*spec)->process || strlen(id) > NAME_MAX)
        return 0;
    why = notify_refused(variable);
    if (why) {
        log_write(context->log, LOG_LEVEL_WARNING, "NOTIFY_SOCKET \"%s\": %s; the container gets none", variable, why);
        return 0;
    }
    r = context_root_path(context, &root, err);
    if (r < 0)
        return r;
    copy = arena_new(arena, struct spec, 1);
    inside = directory_inside(context, variable);
    source = arena_printf(arena, "%s/%s/" NOTIFY_DIRECTORY, root, id);
    if (!copy || !source)
        return error_errno(err, -ENOMEM, "NOTIFY_SOCKET");
    *copy = **spec;
    r = add_mount(copy, source, inside, arena);
    if (r >= 0)
        r = add_variable(copy, arena_printf(arena, "NOTIFY_SOCKET=%s/%s", inside, notify_name(context)), arena);
    if (r < 0)
        return error_errno(err, r, "NOTIFY_SOCKET");
    *spec = copy;
    *ret_name = notify_name(context);
    return 0;
}
