// SPDX-License-Identifier: LGPL-2.1-or-later
/* linux.netDevices: a network device changes its namespace, and its name perhaps. */
#pragma once

#include <net/if.h>
#include <stdbool.h>

#include "base/error.h"

/* What takes a move back must know. */
struct net_device_moved {
    bool was_up;
    char name[IFNAMSIZ]; /* that it has got */
};

/* Move device NAME of the network namespace FROM_FD to TO_FD, where it is called NEW_NAME ("%d" in it is the first number
 * that makes a free name); give it the addresses that it had, and bring it up if UP. If it could not be set up there it is
 * moved back. */
int net_device_move(int from_fd, int to_fd, const char *name, const char *new_name, bool up,
                    struct net_device_moved *ret, struct error *err);
