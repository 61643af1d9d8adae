// SPDX-License-Identifier: GPL-2.0-or-later
/* Writing results to standard output. */
#pragma once

#include <stddef.h>
#include <stdio.h>

/* Print TEXT, with a line end if it has none; main finds out whether it could be written. Frees it. */
void output_take(char *text);

/* TEXT to TO as part of one line, whatever bytes a user's string brought in. Returns how many there are now. */
size_t output_plain(FILE *to, const char *text);

/*
 * A table with aligned columns. Cells are row after row, the first row is the heading. As Go's tabwriter lays it out,
 * which scripts cut at: a column is as wide as its longest cell and three blanks, at least 12; the last is not padded. A
 * cell is printed by output_plain.
 */
void output_table(const char *const *cells, size_t n_rows, size_t n_columns);
