// SPDX-License-Identifier: LGPL-2.1-or-later
/* Statistics of a container beside those of its cgroups, and the line that they all become. */
#pragma once

#include "base/json.h"
#include "container/context.h"

/* {"type":"stats","id":ID,"data":{...}}, one line without its end; malloc'd. */
int stats_line(const struct container *container, char **ret_json, struct error *err);

/* The value of "network_interfaces": an array of the interfaces in PID's network namespace, null if that is ours. */
void stats_network(pid_t pid, struct json_writer *w);

/* The value of "intel_rdt": the schemata of resctrl group PATH (NULL: none). */
void stats_rdt(const char *path, struct json_writer *w);
