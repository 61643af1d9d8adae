// SPDX-License-Identifier: LGPL-2.1-or-later
/* journald's and syslog's datagrams; see datagram.h. */
#include "log/datagram.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FACILITY_DAEMON 3

static int priority(enum log_level level)
{
    static const int priorities[] = {
        [LOG_LEVEL_ERROR] = 3,
        [LOG_LEVEL_WARNING] = 4,
        [LOG_LEVEL_INFO] = 6,
        [LOG_LEVEL_DEBUG] = 7,
    };

    return priorities[level];
}

static void add_length(struct line *line, uint64_t length)
{
    unsigned char bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char) (length >> (8 * i));
    line_add_bytes(line, bytes, sizeof bytes);
}

static void add_field(struct line *line, const char *name, const char *value)
{
    size_t length;

    if (!value)
        return;
    length = strlen(value);
    line_add(line, "%s", name);
    if (strchr(value, '\n')) {
        line_add(line, "\n");
        add_length(line, length);
    } else
        line_add(line, "=");
    line_add_bytes(line, value, length);
    line_add(line, "\n");
}

void datagram_journald(struct line *line, const struct log_record *record)
{
    add_field(line, "MESSAGE", record->message);
    line_add(line, "PRIORITY=%d\n", priority(record->level));
    add_field(line, "SYSLOG_IDENTIFIER", record->ident);
    add_field(line, "CONTAINER_ID", record->id);
    add_field(line, "OPERATION", record->operation);
}

void datagram_syslog(struct line *line, const struct log_record *record)
{
    char when[32];
    struct tm tm = { 0 };

    localtime_r(&record->time.tv_sec, &tm);
    strftime(when, sizeof when, "%b %e %H:%M:%S", &tm);
    line_add(line, "<%d>%s ", FACILITY_DAEMON << 3 | priority(record->level), when);
    line_add_escaped(line, record->ident, false);
    line_add(line, "[%d]: ", (int) getpid());
    line_add_escaped(line, record->message, false);
}

int datagram_send(int fd, const char *path, const struct line *line)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (strlen(path) >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    if (sendto(fd, line->text, line->size, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *) &address, sizeof address) <
        0)
        return -errno;
    return 0;
}
