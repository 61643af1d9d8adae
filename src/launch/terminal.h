// SPDX-License-Identifier: LGPL-2.1-or-later
/* The runtime's end of a container's terminal: hand the master to a console socket, or keep it for the foreground. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "launch/launch.h"

/* MESSAGE_TERMINAL came with the master in *FD: send it to the console socket, or keep it for the foreground. */
int terminal_received(struct launch *launch, int *fd, struct error *err);

/* Whether our standard input and output are one terminal: then it becomes raw, and the container's adds the carriage
 * returns. Otherwise the output is left to ours, if there is one, as of any program that is called so. */
bool terminal_is_ours(void);

/* Give the terminal of MASTER the size of our own window, if one of our standard streams is a terminal. */
void terminal_copy_size(int master);
