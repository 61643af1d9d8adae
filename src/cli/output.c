// SPDX-License-Identifier: GPL-2.0-or-later
/* Writing results to standard output; see output.h. */
#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMN_MIN 12
#define COLUMN_GAP 3

void output_take(char *text)
{
    size_t length = strlen(text);

    fputs(text, stdout);
    if (length == 0 || text[length - 1] != '\n')
        putchar('\n');
    free(text);
}

static size_t column_width(const char *const *cells, size_t n_rows, size_t n_columns, size_t column)
{
    size_t width = COLUMN_MIN;

    for (size_t row = 0; row < n_rows; row++) {
        size_t length = strlen(cells[row * n_columns + column]) + COLUMN_GAP;

        width = length > width ? length : width;
    }
    return width;
}

void output_table(const char *const *cells, size_t n_rows, size_t n_columns)
{
    size_t widths[16];

    for (size_t column = 0; column < n_columns; column++)
        widths[column] = column_width(cells, n_rows, n_columns, column);
    for (size_t i = 0; i < n_rows * n_columns; i++) {
        size_t column = i % n_columns;

        if (column + 1 < n_columns)
            printf("%-*s", (int) widths[column], cells[i]);
        else
            puts(cells[i]);
    }
}
