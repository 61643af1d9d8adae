// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Why it failed stands in CRIU's log, thousands of lines of which a few begin "(00.012345) Error (criu/x.c:17): ". The
 * last ones are meant: before them may be errors that it got over. "Dumping FAILED." says nothing more, and
 * that limits of its own cannot be raised hinders nobody (without CAP_SYS_RESOURCE it says so each time).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "criu/session.h"

enum { TAIL_SIZE = 256 << 10, N_LINES = 3, LINE_SIZE = 400 };

/* The last bytes of FILE, whole lines; malloc'd, NULL if there is none. */
static char *read_tail(int dir_fd, const char *file)
{
    _cleanup_close_ int fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char *text = fd < 0 ? NULL : malloc(TAIL_SIZE + 1);
    struct stat st;
    ssize_t n = -1;

    if (text && fstat(fd, &st) == 0)
        n = pread(fd, text, TAIL_SIZE, st.st_size > TAIL_SIZE ? st.st_size - TAIL_SIZE : 0);
    if (n < 0) {
        free(text);
        return NULL;
    }
    text[n] = '\0';
    return text;
}

static bool ends_with(const char *line, const char *end)
{
    size_t length = strlen(line), n = strlen(end);

    return length >= n && strcmp(line + length - n, end) == 0;
}

static bool says_why(const char *line)
{
    return strstr(line, "Error (") && !ends_with(line, "FAILED.") && !strstr(line, "RLIMIT_NOFILE for self");
}

/* The last N_LINES lines that say why, the oldest first; *RET_LAST is the last line of all. */
static size_t pick(char *text, const char *lines[N_LINES], const char **ret_last)
{
    size_t n = 0;

    for (char *line; (line = strsep(&text, "\n"));) {
        if (*line)
            *ret_last = line;
        if (!says_why(line))
            continue;
        if (n == N_LINES)
            memmove(lines, lines + 1, --n * sizeof *lines);
        lines[n++] = line;
    }
    return n;
}

/* Without the time, from "Error" on. */
static void append_line(struct error *err, const char *line)
{
    const char *error = strstr(line, "Error (");

    error_append(err, ": %.*s", LINE_SIZE, error ? error : line);
}

void criu_log_explain(int dir_fd, const char *file, const char *path, struct error *err)
{
    _cleanup_free_ char *text = read_tail(dir_fd, file);
    const char *lines[N_LINES], *last = NULL;
    size_t n = text ? pick(text, lines, &last) : 0;

    for (size_t i = 0; i < n; i++)
        append_line(err, lines[i]);
    if (n == 0 && last)
        append_line(err, last);
    error_append(err, text ? " (log: \"%s/%s\")" : " (it has written no log \"%s/%s\")", path, file);
}
