// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /proc/PID/stat tells start times by the clock of whoever reads it: in a time namespace it is another one (time_namespaces(7)).
 */
#pragma once

#include <stdint.h>

/* What our time namespace adds to the boot time clock, in the ticks of /proc/PID/stat. */
int64_t boot_offset(void);
