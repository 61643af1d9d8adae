// SPDX-License-Identifier: LGPL-2.1-or-later
/* SECCOMP_FILTER_FLAG_* by name. */
#pragma once

#include <linux/seccomp.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* The flag, or 0 for a name that is not known. */
unsigned seccomp_flag_find(const char *name);
