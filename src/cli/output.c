// SPDX-License-Identifier: GPL-2.0-or-later
/* Writing results to standard output; see output.h. */
#include "cli/output.h"

#include <stdbool.h>
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

/* C0, DEL and, in UTF-8, C1: what ends a line or a terminal obeys. */
static bool is_control(const char *p)
{
    unsigned char c = (unsigned char) p[0];

    return c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char) p[1] >= 0x80 && (unsigned char) p[1] < 0xa0);
}

size_t output_plain(FILE *to, const char *text)
{
    size_t n = 0;

    for (const char *p = text; *p; p++, n++) {
        bool control = is_control(p);

        fputc(control ? '?' : *p, to);
        p += control && (unsigned char) *p == 0xc2;
    }
    return n;
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
        size_t column = i % n_columns, n = output_plain(stdout, cells[i]);

        if (column + 1 < n_columns)
            printf("%*s", (int) (widths[column] - n), "");
        else
            putchar('\n');
    }
}
