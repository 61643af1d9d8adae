// SPDX-License-Identifier: LGPL-2.1-or-later
/* A user as command lines name him: "UID" or "UID:GID", numbers only. */
#pragma once

#include "base/error.h"
#include "spec/spec.h"

/* A user or group id in TEXT: decimal digits alone, 0 to 2^32-2 (2^32-1 means "no change" to the kernel). 0 or -EINVAL;
 * *RET_ID is touched on success only. */
int user_parse_id(const char *text, uint32_t *ret_id);

/* "UID" or "UID:GID"; *RET_GID is unset where there is no colon. -EINVAL with the whole TEXT in ERR. */
int user_parse(const char *text, uint32_t *ret_uid, struct opt_u32 *ret_gid, struct error *err);
