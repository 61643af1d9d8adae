// SPDX-License-Identifier: LGPL-2.1-or-later
/* Building one line of log; see line.h. */
#include "log/line.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/utf8.h"

static size_t line_room(const struct line *line)
{
    return sizeof line->text - 1 - line->size;
}

void line_add_bytes(struct line *line, const void *data, size_t size)
{
    size_t fits = size < line_room(line) ? size : line_room(line);

    memcpy(line->text + line->size, data, fits);
    line->size += fits;
}

void line_add(struct line *line, const char *format, ...)
{
    char text[4096];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n > 0)
        line_add_bytes(line, text, (size_t) n < sizeof text ? (size_t) n : sizeof text - 1);
}

static void line_add_escape(struct line *line, unsigned char c)
{
    static const char letters[] = "\aa\bb\tt\nn\vv\ff\rr";

    for (size_t i = 0; letters[i]; i += 2)
        if ((unsigned char) letters[i] == c) {
            line_add(line, "\\%c", letters[i + 1]);
            return;
        }
    line_add(line, "\\x%02x", c);
}

void line_add_escaped(struct line *line, const char *text, bool quoted)
{
    line_add_bytes(line, "\"", quoted);
    for (const char *p = text; *p; p++) {
        size_t n = utf8_control_length(p, 2); /* or one and the NUL */

        for (size_t i = 0; i < n; i++)
            line_add_escape(line, (unsigned char) p[i]);
        if (n > 0)
            p += n - 1;
        else if (quoted && (*p == '"' || *p == '\\'))
            line_add(line, "\\%c", *p);
        else
            line_add_bytes(line, p, 1);
    }
    line_add_bytes(line, "\"", quoted);
}

static void time_print(char *text, size_t size, const struct timespec *time, bool fine)
{
    struct tm tm = { 0 };
    size_t n;

    gmtime_r(&time->tv_sec, &tm);
    n = strftime(text, size, "%Y-%m-%dT%H:%M:%S", &tm);
    if (fine)
        snprintf(text + n, size - n, ".%06ldZ", time->tv_nsec / 1000);
    else
        snprintf(text + n, size - n, "Z");
}

void line_add_time(struct line *line, const struct timespec *time, bool fine)
{
    char text[64];

    time_print(text, sizeof text, time, fine);
    line_add(line, "%s", text);
}

const char *log_level_name(enum log_level level)
{
    static const char *const names[] = {
        [LOG_LEVEL_ERROR] = "error",
        [LOG_LEVEL_WARNING] = "warning",
        [LOG_LEVEL_INFO] = "info",
        [LOG_LEVEL_DEBUG] = "debug",
    };

    return names[level];
}

void line_add_crun(struct line *line, const struct log_record *record)
{
    line_add_time(line, &record->time, true);
    line_add(line, ": ");
    if (record->level == LOG_LEVEL_WARNING)
        line_add(line, "warning: ");
    line_add_escaped(line, record->message, false);
}

void line_add_runc(struct line *line, const struct log_record *record)
{
    line_add(line, "time=\"");
    line_add_time(line, &record->time, false);
    line_add(line, "\" level=%s msg=", log_level_name(record->level));
    line_add_escaped(line, record->message, true);
}

int line_add_json(struct line *line, const struct log_record *record)
{
    _cleanup_(jw_done) struct json_writer w;
    const char *text;
    char time[64];
    size_t size;
    int r;

    time_print(time, sizeof time, &record->time, true);
    jw_init(&w, NULL);
    jw_object_begin(&w);
    jw_member_string(&w, "level", log_level_name(record->level));
    jw_member_string(&w, "msg", record->message);
    jw_member_string(&w, "time", time);
    jw_object_end(&w);
    r = jw_finish(&w, &text, &size);
    if (r < 0)
        return r;
    line_add_bytes(line, text, size);
    return 0;
}
