// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An error is a plain value: a negative errno and one line of text in a fixed buffer. Nothing is
 * allocated, it stays valid across fork and exec, and it can travel over a socket.
 *
 * The rule: what can fail returns 0 or more on success and -errno on failure, with `struct error *err`
 * as its last argument. Where a failure is detected the error is filled once (error_set); a caller that
 * adds meaning prefixes it (error_prefix); every other caller forwards the number unchanged.
 * Texts are lower case, without a full stop, user strings in quotes (of one that is very long only the ends are told), the
 * config path first.
 */
#pragma once

#include <stdarg.h>

#define ERROR_TEXT_SIZE 2048

struct error {
    int code; /* negative errno, 0 while unset */
    char text[ERROR_TEXT_SIZE];
};

#define _printf_(a, b) __attribute__((format(printf, a, b)))

/* Fill ERR with CODE (a negative errno) and the formatted text; returns CODE. ERR may be NULL. */
int error_set(struct error *err, int code, const char *format, ...) _printf_(3, 4);
int error_vset(struct error *err, int code, const char *format, va_list args) _printf_(3, 0);

/* The same, and the text of the errno is appended after ": ". */
int error_errno(struct error *err, int code, const char *format, ...) _printf_(3, 4);

/* Put the formatted text and ": " before what ERR says; returns err->code. */
int error_prefix(struct error *err, const char *format, ...) _printf_(2, 3);

/* Append the formatted text, for hints; returns err->code. */
int error_append(struct error *err, const char *format, ...) _printf_(2, 3);

/* The text of errno CODE (negative or positive), spelled as engines match it: glibc's with a small first letter, whatever
 * the C library. That of a number which is none is valid until the next call. */
const char *errno_text(int code);
