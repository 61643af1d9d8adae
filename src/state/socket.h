// SPDX-License-Identifier: LGPL-2.1-or-later
/* Whether a container still waits for its start. */
#pragma once

#include <stdbool.h>

/* True while somebody listens on DIR_FD's start.sock; he sees a connection that ends at once. NAMED: the process has told by
 * its name that it is the one, and it is enough that the socket is there. */
bool socket_is_waiting(int dir_fd, bool named);
/* The same for container ID of a state root that is ours alone. */
bool socket_is_waiting_below(int root_fd, const char *id, bool named);
