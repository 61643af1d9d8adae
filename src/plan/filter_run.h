// SPDX-License-Identifier: LGPL-2.1-or-later
/* A seccomp program run on a system call that nobody has made yet. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

/* What PROGRAM of N instructions answers to DATA, of whose arguments only those in the bit set KNOWN are known. False: it
 * depends on another, or on the instruction pointer, or does what compilers of filters do not write. */
bool filter_run(const struct sock_filter *program, size_t n, const struct seccomp_data *data, unsigned known,
                uint32_t *ret_action);
