// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The log: which sink a destination names, and how a record reaches it. Opening standard error costs an allocation;
 * sockets are made when the destination asks for one and addressed with each record, so that a logger which is restarted
 * between two records gets the second one.
 */
#include "log/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "log/datagram.h"
#include "log/line.h"

struct log {
    const struct sink *sink;
    int fd; /* -1: standard error */
    bool json, as_runc;
    enum log_level level;
    char *ident;
    const char *id, *operation;
};

struct sink {
    const char *scheme;
    int (*open)(const char *rest, struct error *err); /* NULL: no descriptor of its own */
    void (*format)(const struct log *log, struct line *line, const struct log_record *record);
    const char *socket; /* where records go as datagrams; NULL: they are written to the descriptor */
};

/* A pipe is never waited for, neither for somebody to read it nor for room in it. */
static int open_file(const char *path, struct error *err)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);

    if (fd >= 0)
        return fd;
    if (errno == ENXIO)
        return error_errno(err, -errno, "open log file \"%s\" (a pipe that nobody reads, or a socket)", path);
    return error_errno(err, -errno, "open log file \"%s\"", path);
}

static int open_socket(const char *ident, struct error *err)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    return fd >= 0 ? fd : error_errno(err, -errno, "log: make a socket");
}

static void format_text(const struct log *log, struct line *line, const struct log_record *record)
{
    if (log->json)
        line_add_json(line, record);
    else if (log->as_runc)
        line_add_runc(line, record);
    else
        line_add_crun(line, record);
    line->text[line->size++] = '\n';
}

static void format_journald(const struct log *log, struct line *line, const struct log_record *record)
{
    datagram_journald(line, record);
}

static void format_syslog(const struct log *log, struct line *line, const struct log_record *record)
{
    datagram_syslog(line, record);
}

static const struct sink sink_stderr = { "", NULL, format_text, NULL };

static const struct sink sinks[] = {
    {"file",      open_file,   format_text,     NULL                         },
    { "journald", open_socket, format_journald, "/run/systemd/journal/socket"},
    { "syslog",   open_socket, format_syslog,   "/dev/log"                   },
};

#define N_SINKS (sizeof sinks / sizeof sinks[0])

/* A word before a colon and before any slash is a scheme; what has none is a path. */
static const struct sink *find_sink(const char *destination, const char **ret_rest)
{
    size_t length = strcspn(destination, ":/");

    *ret_rest = destination;
    if (destination[length] != ':')
        return &sinks[0];
    *ret_rest = destination + length + 1;
    for (size_t i = 0; i < N_SINKS; i++)
        if (strlen(sinks[i].scheme) == length && strncmp(destination, sinks[i].scheme, length) == 0)
            return &sinks[i];
    return NULL;
}

/* "/dev/stderr" is the descriptor that there is: a second opening of a file would have an offset of its own. */
static bool is_stderr(const char *destination)
{
    return !destination || !*destination || strcmp(destination, "/dev/stderr") == 0;
}

static int set_sink(struct log *log, const char *destination, struct error *err)
{
    const char *rest;

    if (is_stderr(destination))
        return 0;
    log->sink = find_sink(destination, &rest);
    if (!log->sink)
        return error_set(err, -EINVAL,
                         "unknown log destination \"%s\": expected file:PATH, journald:IDENT or syslog:IDENT",
                         destination);
    if (!log->sink->socket && !*rest)
        return error_set(err, -EINVAL, "log destination \"%s\": expected a path behind it", destination);
    log->fd = log->sink->open(rest, err);
    if (log->fd < 0)
        return log->fd;
    if (!log->sink->socket)
        return 0;
    log->ident = strdup(*rest ? rest : "crun");
    return log->ident ? 0 : error_errno(err, -ENOMEM, "open log");
}

int log_open(const struct log_options *options, struct log **ret_log, struct error *err)
{
    struct log *log = calloc(1, sizeof *log);
    int r;

    if (!log)
        return error_errno(err, -ENOMEM, "open log");
    *log = (struct log){
        .sink = &sink_stderr, .fd = -1, .json = options->json, .as_runc = options->as_runc, .level = options->level
    };
    r = set_sink(log, options->destination, err);
    if (r < 0) {
        log_close(log);
        return r;
    }
    *ret_log = log;
    return 0;
}

void log_close(struct log *log)
{
    if (!log)
        return;
    if (log->fd >= 0)
        close(log->fd);
    free(log->ident);
    free(log);
}

void log_context(struct log *log, const char *id, const char *operation)
{
    log->id = id;
    log->operation = operation;
}

bool log_enabled(const struct log *log, enum log_level level)
{
    return level <= log->level;
}

/* Nobody reads the pipe any more: no reason for SIGPIPE to end us in the middle of a launch. */
static void write_line(int fd, const struct line *line)
{
    const struct timespec now = { 0 };
    sigset_t pipe, mask;

    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigprocmask(SIG_BLOCK, &pipe, &mask);
    if (fd_write_all(fd, line->text, line->size) == -EPIPE && !sigismember(&mask, SIGPIPE))
        sigtimedwait(&pipe, NULL, &now);
    sigprocmask(SIG_SETMASK, &mask, NULL);
}

static void log_send(const struct log *log, const struct line *line)
{
    if (log->sink->socket)
        (void) datagram_send(log->fd, log->sink->socket, line);
    else
        write_line(log->fd >= 0 ? log->fd : STDERR_FILENO, line);
}

void log_write(struct log *log, enum log_level level, const char *format, ...)
{
    char message[ERROR_TEXT_SIZE + 512];
    struct line line;
    struct log_record record = {
        .level = level, .message = message, .ident = log->ident, .id = log->id, .operation = log->operation
    };
    int saved = errno;
    va_list args;

    if (!log_enabled(log, level))
        return;
    line.size = 0;
    clock_gettime(CLOCK_REALTIME, &record.time);
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    log->sink->format(log, &line, &record);
    log_send(log, &line);
    errno = saved;
}
