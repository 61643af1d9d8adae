// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sockets that whoever called us has opened for the container: sd_listen_fds(3). */
#pragma once

#include "plan/plan.h"

/* Fill INPUT's listen_fds and listen_names from our environment, and add the sockets, which come first, to its
 * preserve_fds. The environment of a library's caller counts as ours. */
void listen_take(struct plan_input *input);
