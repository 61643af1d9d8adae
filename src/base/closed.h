// SPDX-License-Identifier: LGPL-2.1-or-later
/* Why a path is refused with "permission denied". */
#pragma once

#include "base/error.h"

/* Append to ERR, if its code is -EACCES, which part of PATH may not be entered or read, and whose it is; returns the code. */
int error_closed(struct error *err, const char *path);
