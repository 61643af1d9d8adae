// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One record as a line of text, in the faces that readers expect: crun's (`time: message`), runc's (logfmt) and JSON.
 * A line is always one line: what would end it, or move a terminal's cursor, is escaped. It is built whole and goes out
 * in one write(2), so that lines of runtimes which share a log file (O_APPEND) do not mix.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/error.h"
#include "log/log.h"

struct log_record {
    enum log_level level;
    struct timespec time;
    const char *message;
    const char *ident, *id, *operation; /* for journald and syslog; each may be NULL */
};

/* A line under construction. What does not fit is left out; the last byte is kept for the line feed. */
struct line {
    char text[16384];
    size_t size;
};

void line_add(struct line *line, const char *format, ...) _printf_(2, 3);
void line_add_bytes(struct line *line, const void *data, size_t size);

/* TEXT with control characters as C spells them; QUOTED: between double quotes, which are then escaped as well. */
void line_add_escaped(struct line *line, const char *text, bool quoted);

/* RFC 3339 in UTC, with microseconds if FINE. */
void line_add_time(struct line *line, const struct timespec *time, bool fine);

void line_add_crun(struct line *line, const struct log_record *record);
void line_add_runc(struct line *line, const struct log_record *record);
/* {"level":…,"msg":…,"time":…}; -ENOMEM leaves the line as it is. */
int line_add_json(struct line *line, const struct log_record *record);

/* "error", "warning", "info", "debug" */
const char *log_level_name(enum log_level level);
