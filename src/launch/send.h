// SPDX-License-Identifier: LGPL-2.1-or-later
/* Descriptors that engines ask for on a unix socket of theirs: a terminal's master, a pidfd. */
#pragma once

#include "base/error.h"
#include "launch/cancel.h"

/* Connect to the stream socket PATH (of any length), send one message with FD beside PAYLOAD (its name, without the
 * NUL), and close the connection. -ENOENT: there is no PATH; -EINTR: CANCEL (may be NULL) asks us to end. */
int descriptor_send(const char *path, const char *payload, int fd, const struct cancel *cancel, struct error *err);
