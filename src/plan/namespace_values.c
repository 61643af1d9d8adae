// SPDX-License-Identifier: LGPL-2.1-or-later
/* Network devices count as well: moved to where they are already, one would only get the container's name for it. */
#include "plan/namespace_values.h"

const char *namespace_value(const struct spec *spec, enum namespace_kind kind, struct arena *arena)
{
    const struct spec_linux *lin = spec->linux_;
    const char *key = sysctl_of_namespace(lin, namespace_kind_flag(kind), arena);

    if (key)
        return arena_printf(arena, "linux.sysctl[\"%s\"]", key);
    if (kind == NAMESPACE_NETWORK && lin->n_net_devices)
        return arena_printf(arena, "linux.netDevices[\"%s\"]", lin->net_devices[0].host_name);
    if (kind == NAMESPACE_UTS && spec->hostname && *spec->hostname)
        return arena_printf(arena, "hostname \"%s\"", spec->hostname);
    if (kind == NAMESPACE_UTS && spec->domainname && *spec->domainname)
        return arena_printf(arena, "domainname \"%s\"", spec->domainname);
    return NULL;
}
