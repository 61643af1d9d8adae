// SPDX-License-Identifier: GPL-2.0-or-later
/* The caller's end of the socket to crun-systemd: what answers it takes, and what becomes of a helper that gives none. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cgroup/systemd.h"
#include "test.h"

enum { WAIT_MS = 100, BOUND_S = 60 };

/* ---- answers as they are read ---- */

#define ANSWER(bytes) systemd_answer(bytes, sizeof(bytes) - 1, &text, &err)

static void test_answers(void)
{
    struct error err = { 0 };
    const char *text;

    CHECK_INT(ANSWER("0\0\0"), 0);
    CHECK_STR(text, "");
    CHECK_INT(ANSWER("0\0/a.slice/b.scope\0"), 0);
    CHECK_STR(text, "/a.slice/b.scope");
    CHECK_INT(ANSWER("-17\0there is one\0"), -EEXIST);
    CHECK_INT(err.code, -EEXIST);
    CHECK_STR(err.text, "there is one");
}

static void test_no_answers(void)
{
    static const struct {
        const char *bytes;
        size_t size;
    } wrong[] = {
        {"0",                            1 },
        { "0\0",                         2 },
        { "0\0/x",                       4 },
        { "0\0/x\0y\0",                  7 },
        { "\0/x\0",                      4 },
        { "x\0/x\0",                     5 },
        { "0x\0/x\0",                    6 },
        { "1\0/x\0",                     5 },
        { "-4096\0/x\0",                 9 },
        { "-99999999999999999999\0/x\0", 25},
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct error err = { 0 };
        const char *text = NULL;

        CHECK_INT(systemd_answer(wrong[i].bytes, wrong[i].size, &text, &err), -EBADMSG);
        CHECK(err.code == -EBADMSG && strstr(err.text, "crun-systemd"));
        CHECK_STR(text, "");
    }
}

/* ---- a helper of ours ---- */

struct behaviour {
    const char *answer; /* NULL: none */
    size_t size;
    enum { ENDS, STAYS, CLOSES_AND_STAYS } then;
};

static void __attribute__((noreturn)) play(int fd, const struct behaviour *behaviour)
{
    char packet[4096];

    if (recv(fd, packet, sizeof packet, 0) > 0 && behaviour->answer)
        send(fd, behaviour->answer, behaviour->size, MSG_NOSIGNAL);
    if (behaviour->then == CLOSES_AND_STAYS)
        close(fd);
    while (behaviour->then != ENDS)
        pause();
    _exit(0);
}

static bool begin(struct systemd *systemd, const struct behaviour *behaviour)
{
    int sockets[2];

    *systemd = (struct systemd){ .fd = -1 };
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
        return false;
    fflush(stdout);
    systemd->pid = fork();
    if (systemd->pid == 0) {
        close(sockets[0]);
        play(sockets[1], behaviour);
    }
    close(sockets[1]);
    systemd->fd = sockets[0];
    systemd->wait_ms = WAIT_MS;
    return systemd->pid > 0;
}

/* The result of a start; afterwards the helper is gone, whatever it does. */
static int start(const struct behaviour *behaviour, char **ret_cgroup, struct error *err)
{
    struct systemd systemd;
    int r;

    *ret_cgroup = NULL;
    if (!begin(&systemd, behaviour))
        return -ENOTRECOVERABLE;
    alarm(BOUND_S);
    r = systemd_start(&systemd, "x.scope", NULL, 0, ret_cgroup, err);
    systemd_close(&systemd);
    alarm(0);
    return systemd.fd < 0 && waitpid(systemd.pid, NULL, WNOHANG) < 0 && errno == ECHILD ? r : -ENOTRECOVERABLE;
}

static void test_start(void)
{
    struct error err = { 0 };
    char *cgroup;

    CHECK_INT(start(&(struct behaviour){ "0\0/a.slice/x.scope", 19, ENDS }, &cgroup, &err), 0);
    CHECK_STR(cgroup, "/a.slice/x.scope");
    free(cgroup);
    CHECK_INT(start(&(struct behaviour){ "0\0/x.scope", 11, STAYS }, &cgroup, &err), 0);
    CHECK_STR(cgroup, "/x.scope");
    free(cgroup);
}

static void test_no_helper(void)
{
    static const struct {
        struct behaviour behaviour;
        int result;
        const char *word;
    } cases[] = {
        {{ NULL, 0, ENDS },                 -EPIPE,     "ended without an answer"},
        { { NULL, 0, CLOSES_AND_STAYS },    -EPIPE,     "ended without an answer"},
        { { NULL, 0, STAYS },               -ETIMEDOUT, "wait for an answer"     },
        { { "0", 1, STAYS },                -EBADMSG,   "no answer"              },
        { { "-5\0all is lost", 15, STAYS }, -EIO,       "all is lost"            },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error err = { 0 };
        char *cgroup;

        CHECK_INT(start(&cases[i].behaviour, &cgroup, &err), cases[i].result);
        CHECK_INT(err.code, cases[i].result);
        CHECK(strstr(err.text, cases[i].word) && !cgroup);
    }
}

/* Longer than it may be: refused, and not cut off. */
static void test_long_answer(void)
{
    static char answer[8192] = { '0', '\0', '/' };
    struct error err = { 0 };
    char *cgroup;

    memset(answer + 3, 'x', sizeof answer - 4);
    CHECK_INT(start(&(struct behaviour){ answer, sizeof answer, STAYS }, &cgroup, &err), -EBADMSG);
    CHECK(!cgroup);
}

/* It is written to, and removed in the end. */
static void test_control_groups(void)
{
    static const char *const wrong[] = { "",   "/",   "x",     "//",      "/x/",   "/x//y",
                                         "/.", "/..", "/x/..", "/x/../y", "/../y", "/x/./y" };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char answer[64] = "0";
        struct error err = { 0 };
        char *cgroup;

        strcpy(answer + 2, wrong[i]);
        CHECK_INT(start(&(struct behaviour){ answer, strlen(wrong[i]) + 3, ENDS }, &cgroup, &err), -EBADMSG);
        CHECK(!cgroup && strstr(err.text, "x.scope"));
    }
}

static const struct test tests[] = {
    {"answers say what was done, or why not",             test_answers       },
    { "anything else is no answer",                       test_no_answers    },
    { "a start has its control group",                    test_start         },
    { "a helper that dies, hangs or babbles is an error", test_no_helper     },
    { "an answer is not cut off",                         test_long_answer   },
    { "a control group is a path below the root",         test_control_groups},
};

TEST_MAIN(tests)
