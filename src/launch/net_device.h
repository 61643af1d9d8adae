// SPDX-License-Identifier: LGPL-2.1-or-later
/* linux.netDevices: a network device changes its namespace, and its name perhaps. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* Move device NAME of the network namespace FROM_FD to TO_FD, where it is called NEW_NAME; give it the addresses that it
 * had, and bring it up if UP. If it could not be set up there it is moved back. *RET_UP: whether it was up. */
int net_device_move(int from_fd, int to_fd, const char *name, const char *new_name, bool up, bool *ret_up,
                    struct error *err);
