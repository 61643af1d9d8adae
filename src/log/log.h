// SPDX-License-Identifier: LGPL-2.1-or-later
/* Log sinks: standard error, a file, journald, syslog; text (crun's or runc's face) or JSON lines. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log;

struct log_options {
    const char *destination; /* "file:PATH", bare path, "journald:IDENT", "syslog:IDENT", NULL: standard error */
    bool json;
    bool as_runc;         /* logfmt text */
    enum log_level level; /* the most talkative that is written */
};

/* Open the sink. Errors: unknown destination, a file that cannot be opened for appending. */
int log_open(const struct log_options *options, struct log **ret_log, struct error *err);
void log_close(struct log *log);

/* What journald gets as CONTAINER_ID and OPERATION beside each message; strings must outlive the log. */
void log_context(struct log *log, const char *id, const char *operation);

/* Write one line; newlines and control characters in it are escaped, so that it stays one. Never fails: a sink that
 * is full or gone loses the line. */
void log_write(struct log *log, enum log_level level, const char *format, ...) _printf_(3, 4);

/* True when LEVEL would be written (so that costly texts are not made in vain). */
bool log_enabled(const struct log *log, enum log_level level);
