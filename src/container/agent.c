// SPDX-License-Identifier: LGPL-2.1-or-later
/* The same look for a launch and for `crun check`; that somebody listens at the socket is found out when it is needed. */
#include "container/agent.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>

#include "launch/plugin.h"

const char *agent_plugin(const struct spec *spec)
{
    const char *plugin = spec_annotation(spec, "run.oci.seccomp.plugins");

    return plugin && *plugin ? plugin : NULL;
}

static struct agent listed_agent(const struct spec *spec)
{
    const struct spec_seccomp *seccomp = spec->linux_->seccomp;
    const char *annotation = spec_annotation(spec, "run.oci.seccomp.receiver");

    if (seccomp && seccomp->listener_path && *seccomp->listener_path)
        return (struct agent){ seccomp->listener_path, "linux.seccomp.listenerPath" };
    if (annotation && *annotation)
        return (struct agent){ annotation, "annotations[\"run.oci.seccomp.receiver\"]" };
    return (struct agent){ getenv("RUN_OCI_SECCOMP_RECEIVER"), "RUN_OCI_SECCOMP_RECEIVER" };
}

static int check_plugin(const struct spec *spec, const char *plugin, struct error *err)
{
    const struct spec_seccomp *seccomp = spec->linux_->seccomp;
    int r;

    if (seccomp && seccomp->listener_path && *seccomp->listener_path)
        return error_set(err, -EINVAL,
                         AGENT_PLUGIN_FIELD ": linux.seccomp.listenerPath names an agent, and only one of them can "
                                            "have the listener");
    r = plugin_check(plugin, err);
    return r < 0 ? error_prefix(err, AGENT_PLUGIN_FIELD) : 0;
}

int agent_find(const struct spec *spec, const struct seccomp_filter *filter, struct agent *ret_agent,
               const char **ret_idle_plugin, struct error *err)
{
    struct agent agent = listed_agent(spec);
    const char *plugin = agent_plugin(spec);
    bool wanted = filter->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER;

    *ret_agent = (struct agent){ 0 };
    *ret_idle_plugin = plugin && !wanted ? AGENT_PLUGIN_FIELD
                           ": linux.seccomp has no SCMP_ACT_NOTIFY, the plugin is not started"
                                         : NULL;
    if (!wanted)
        return 0;
    if (plugin)
        return check_plugin(spec, plugin, err);
    if (!agent.path || !*agent.path)
        return error_set(err, -EINVAL,
                         "linux.seccomp.listenerPath: missing, SCMP_ACT_NOTIFY needs an agent's socket there, in the "
                         "annotation run.oci.seccomp.receiver or in RUN_OCI_SECCOMP_RECEIVER");
    if (agent.path[0] != '/')
        return error_set(err, -EINVAL, "%s: expected an absolute path, found \"%s\"", agent.field, agent.path);
    *ret_agent = agent;
    return 0;
}
