// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a document said, as an error shows it: one line, printable, short. An error is one line in a log that other
 * programs parse and terminals print, and a value may be a megabyte of anything.
 */
#pragma once

#include <stddef.h>

#define EXCERPT_CHARACTERS 60 /* of a value; what is longer is cut, with "..." for the rest */
#define EXCERPT_SIZE       (EXCERPT_CHARACTERS * 6 + 4)

/*
 * Put the first LIMIT characters of TEXT into BUFFER of SIZE bytes, which LIMIT * 6 + 4 always suffice for. Control
 * characters and bytes that are not UTF-8 become \n, \t, \u001b, \xff; QUOTE ('"' or 0) is escaped too. Returns BUFFER.
 */
const char *excerpt(char *buffer, size_t size, const char *text, size_t length, size_t limit, char quote);
