// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One record as a datagram for the loggers that listen on a Unix socket:
 *
 * journald: its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL), fields `NAME=value\n`, or `NAME\n`, a 64-bit
 * little-endian length, the value and `\n` where the value holds a line feed. The message goes as it is, unescaped.
 * syslog: RFC 3164, `<priority>Mmm dd hh:mm:ss ident[pid]: message`, local time.
 */
#pragma once

#include "log/line.h"

void datagram_journald(struct line *line, const struct log_record *record);
void datagram_syslog(struct line *line, const struct log_record *record);

/* Send to the socket at PATH through the datagram socket FD, without waiting: 0 or -errno. */
int datagram_send(int fd, const char *path, const struct line *line);
