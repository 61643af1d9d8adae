// SPDX-License-Identifier: LGPL-2.1-or-later
/* What annotations name: handlers that this build has not, sockets at which nobody can listen, files that nobody can write. */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "container/agent.h"
#include "container/check.h"

static void check_socket(struct checking *checking, const char *field, const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0)
        check_reportf(checking, "%s: \"%s\": %s", field, path, errno_text(errno));
    else if (!S_ISSOCK(st.st_mode))
        check_reportf(checking, "%s: \"%s\" is not a socket", field, path);
}

static void check_agent(struct checking *checking, const struct spec *spec, const struct seccomp_filter *filter)
{
    struct error err = { 0 };
    const char *idle_plugin;
    struct agent agent;

    if (agent_find(spec, filter, &agent, &idle_plugin, &err) < 0)
        check_report(checking, err.text, false);
    if (idle_plugin)
        check_report(checking, idle_plugin, true);
    if (agent.path)
        check_socket(checking, agent.field, agent.path);
}

/* Whether it could be opened to be written to, or made; 0 or -errno. */
static int try_output(const char *path)
{
    char above[PATH_MAX];
    struct stat st;

    if (stat(path, &st) == 0)
        return S_ISDIR(st.st_mode) ? -EISDIR : access(path, W_OK) < 0 ? -errno : 0;
    if (errno != ENOENT || !*path || snprintf(above, sizeof above, "%s", path) >= (int) sizeof above)
        return -errno;
    return access(dirname(above), W_OK) < 0 ? -errno : 0;
}

static void check_output(struct checking *checking, const struct spec *spec, const char *key)
{
    const char *path = spec_annotation(spec, key);
    int r = path ? try_output(path) : 0;

    if (r < 0)
        check_reportf(checking, "annotations[\"%s\"]: \"%s\": %s", key, path, errno_text(-r));
}

static bool has_hooks(const struct spec *spec)
{
    size_t n = 0;

    for (int kind = 0; kind < N_HOOK_KINDS; kind++)
        n += spec->hooks[kind].n_hooks;
    return n > 0;
}

void check_annotations(struct checking *checking, const struct spec *spec, const struct seccomp_filter *filter)
{
    const char *receiver = spec_annotation(spec, "run.oci.pidfd_receiver");
    struct error err = { 0 };

    if (prepare_handler(spec, NULL, &err) < 0)
        check_report(checking, err.text, false);
    check_agent(checking, spec, filter);
    if (receiver)
        check_socket(checking, "annotations[\"run.oci.pidfd_receiver\"]", receiver);
    if (!has_hooks(spec))
        return;
    check_output(checking, spec, "run.oci.hooks.stdout");
    check_output(checking, spec, "run.oci.hooks.stderr");
}
