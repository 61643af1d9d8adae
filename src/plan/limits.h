// SPDX-License-Identifier: LGPL-2.1-or-later
/* The names of resource limits. */
#pragma once

/* The RLIMIT_* number of "RLIMIT_NOFILE", or -1. */
int limit_resource(const char *name);
