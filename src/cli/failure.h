// SPDX-License-Identifier: GPL-2.0-or-later
/* Filling a crun_error: what the program itself finds wrong, as the library says what it finds. */
#pragma once

#include "crun.h"

/* Set CODE (a negative errno) and text; returns CODE. */
int failure_set(struct crun_error *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same, with the errno's own text after ": ". */
int failure_errno(struct crun_error *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Put TEXT and ": " before what ERR says; returns its code. */
int failure_prefix(struct crun_error *err, const char *text);
