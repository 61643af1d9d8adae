// SPDX-License-Identifier: GPL-2.0-or-later
/* The log: faces, destinations, datagrams. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "log/datagram.h"
#include "log/line.h"
#include "log/log.h"

static const struct log_record record = {
    .level = LOG_LEVEL_ERROR,
    .time = {1793665924, 123456789},
    .message = "open \"a\\b\":\nno\x1b[1m",
    .ident = "demo",
    .id = "c1",
    .operation = "create",
};

static const char *text_of(struct line *line)
{
    line->text[line->size] = 0;
    return line->text;
}

static void faces(void)
{
    struct line crun = { .size = 0 }, runc = { .size = 0 }, json = { .size = 0 };

    line_add_crun(&crun, &record);
    CHECK_STR(text_of(&crun), "2026-11-03T00:32:04.123456Z: open \"a\\b\":\\nno\\x1b[1m");
    line_add_runc(&runc, &record);
    CHECK_STR(text_of(&runc), "time=\"2026-11-03T00:32:04Z\" level=error msg=\"open \\\"a\\\\b\\\":\\nno\\x1b[1m\"");
    CHECK_INT(line_add_json(&json, &record), 0);
    CHECK_STR(text_of(&json), "{\"level\":\"error\",\"msg\":\"open \\\"a\\\\b\\\":\\nno\\u001b[1m\","
                              "\"time\":\"2026-11-03T00:32:04.123456Z\"}");
}

static void control_characters_are_spelled(void)
{
    struct line line = { .size = 0 };

    line_add_escaped(&line, "\x7f \xc2\x9b[2J \xc3\xa9 \xc2\xa9 \xc2", false);
    CHECK_STR(text_of(&line), "\\x7f \\xc2\\x9b[2J \xc3\xa9 \xc2\xa9 \xc2");
}

static void levels_have_names(void)
{
    CHECK_STR(log_level_name(LOG_LEVEL_ERROR), "error");
    CHECK_STR(log_level_name(LOG_LEVEL_WARNING), "warning");
    CHECK_STR(log_level_name(LOG_LEVEL_INFO), "info");
    CHECK_STR(log_level_name(LOG_LEVEL_DEBUG), "debug");
}

static void long_lines_are_cut(void)
{
    struct line line = { .size = 0 };

    for (int i = 0; i < 20000; i++)
        line_add_escaped(&line, "\n", false);
    CHECK_INT(line.size, sizeof line.text - 1);
}

static void journald_fields(void)
{
    static const char expected[] = "MESSAGE\n\x12\0\0\0\0\0\0\0open \"a\\b\":\nno\x1b[1m\nPRIORITY=3\n"
                                   "SYSLOG_IDENTIFIER=demo\nCONTAINER_ID=c1\nOPERATION=create\n";
    struct line line = { .size = 0 };

    datagram_journald(&line, &record);
    CHECK_INT(line.size, sizeof expected - 1);
    CHECK(memcmp(line.text, expected, sizeof expected - 1) == 0);
}

static void syslog_line(void)
{
    struct line line = { .size = 0 };
    char expected[128];

    setenv("TZ", "UTC", 1);
    datagram_syslog(&line, &record);
    snprintf(expected, sizeof expected, "<27>Nov  3 00:32:04 demo[%d]: open \"a\\b\":\\nno\\x1b[1m", (int) getpid());
    CHECK_STR(text_of(&line), expected);
}

static void datagrams_arrive(void)
{
    _cleanup_close_ int listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    _cleanup_close_ int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct line line = { .size = 0 };
    char got[16];

    snprintf(address.sun_path, sizeof address.sun_path, "/tmp/crun-test-log.%d", (int) getpid());
    line_add(&line, "hello");
    CHECK_INT(datagram_send(sender, address.sun_path, &line), -ENOENT);
    CHECK_INT(bind(listener, (struct sockaddr *) &address, sizeof address), 0);
    CHECK_INT(datagram_send(sender, address.sun_path, &line), 0);
    CHECK_INT(unlink(address.sun_path), 0);
    CHECK_INT(recv(listener, got, sizeof got, 0), 5);
}

static void file_is_appended_to(void)
{
    char path[] = "/tmp/crun-test-log.XXXXXX", destination[64];
    _cleanup_close_ int fd = mkostemp(path, O_CLOEXEC);
    struct log_options options = { .destination = destination, .as_runc = true, .level = LOG_LEVEL_WARNING };
    _cleanup_free_ char *data = NULL;
    struct error err = { 0 };
    struct log *log = NULL;

    CHECK(fd >= 0);
    snprintf(destination, sizeof destination, "file:%s", path);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(log_open(&options, &log, &err), 0);
        CHECK(log_enabled(log, LOG_LEVEL_WARNING) && !log_enabled(log, LOG_LEVEL_INFO));
        log_write(log, LOG_LEVEL_WARNING, "number %d", i);
        log_write(log, LOG_LEVEL_INFO, "unseen");
        log_close(log);
    }
    CHECK_INT(file_read(AT_FDCWD, path, 4096, &data, NULL), 0);
    unlink(path);
    CHECK(strstr(data, "level=warning msg=\"number 0\"\ntime="));
    CHECK(strstr(data, "level=warning msg=\"number 1\"\n"));
    CHECK(!strstr(data, "unseen"));
}

static void destinations(void)
{
    static const struct {
        const char *destination, *error;
    } cases[] = {
        {NULL,             NULL                                                                                       },
        { "",              NULL                                                                                       },
        { "syslog:demo",   NULL                                                                                       },
        { "journald:",     NULL                                                                                       },
        { "gelf:host",     "unknown log destination \"gelf:host\": expected file:PATH, journald:IDENT or syslog:IDENT"},
        { "file:/proc/no", "open log file \"/proc/no\": no such file or directory"                                    },
        { "/proc/x:y",     "open log file \"/proc/x:y\": no such file or directory"                                   },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct log_options options = { .destination = cases[i].destination };
        struct error err = { 0 };
        struct log *log = NULL;
        int r = log_open(&options, &log, &err);

        CHECK_STR(err.text, cases[i].error ? cases[i].error : "");
        CHECK(cases[i].error ? r < 0 && !log : r == 0 && log);
        log_close(log);
    }
}

static const struct test tests[] = {
    {"faces",                           faces                         },
    { "control characters are spelled", control_characters_are_spelled},
    { "levels have names",              levels_have_names             },
    { "long lines are cut",             long_lines_are_cut            },
    { "journald fields",                journald_fields               },
    { "syslog line",                    syslog_line                   },
    { "datagrams arrive",               datagrams_arrive              },
    { "a file is appended to",          file_is_appended_to           },
    { "destinations",                   destinations                  },
};

TEST_MAIN(tests)
