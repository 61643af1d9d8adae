// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF. What passes here is accepted
 * by every other reader of what we write.
 */
#pragma once

#include <stddef.h>

/* How many bytes the character at TEXT has, of LEFT (at least 1) that are there; 0: it is not well-formed. */
size_t utf8_length(const char *text, size_t left);

/* How many bytes the control character at TEXT has, of LEFT (at least 1) that are there: C0 and DEL have one, C1, which
 * terminals obey too, two; anything else none. */
size_t utf8_control_length(const char *text, size_t left);

/* The offset of the first byte of TEXT that is not well-formed UTF-8; SIZE when all of it is. */
size_t utf8_check(const char *text, size_t size);
