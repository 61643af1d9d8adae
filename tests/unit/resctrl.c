// SPDX-License-Identifier: GPL-2.0-or-later
/* Groups of resctrl on a tree of ordinary files: what is made, written, compared, and found in a mountinfo. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "host/probes.h"
#include "launch/resctrl.h"
#include "test.h"

static char root[] = "/tmp/crun-resctrl-XXXXXX";

static const char *in_root(const char *name)
{
    static char path[2][512];
    static int turn;

    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", root, name);
    return path[turn];
}

static void put(const char *name, const char *text)
{
    FILE *file = fopen(in_root(name), "we");

    CHECK(file != NULL);
    fputs(text, file);
    CHECK_INT(fclose(file), 0);
}

static void check_file(const char *name, const char *expected)
{
    char *text = NULL;
    size_t size;

    CHECK(file_read(AT_FDCWD, in_root(name), 4096, &text, &size) == 0);
    CHECK_STR(text ? text : "", expected);
    free(text);
}

static void test_make(void)
{
    struct error err;
    bool made = false;

    CHECK(resctrl_make(in_root("none"), true, &made, &err) == -ENOENT);
    CHECK(strstr(err.text, "the class must exist") != NULL);
    CHECK(resctrl_make(in_root("class"), false, &made, &err) == 0 && made);
    CHECK(resctrl_make(in_root("class"), true, &made, &err) == 0 && !made);
}

static void test_new(void)
{
    struct error err;

    put("class/schemata", "L3:0=fff\n");
    put("class/tasks", "");
    CHECK(resctrl_apply(in_root("class"), "L3:0=f\nMB:0=50\n", true, &err) == 0);
    check_file("class/schemata", "L3:0=f\nMB:0=50\n");
    CHECK(resctrl_join(in_root("class"), 1234, &err) == 0);
    check_file("class/tasks", "1234");
}

static void test_existing(void)
{
    struct error err;

    put("class/schemata", "    L3:0=0f;1=f0\n    MB:0= 50;1=100\n");
    CHECK(resctrl_apply(in_root("class"), "L3:0=f\n", false, &err) == 0);
    CHECK(resctrl_apply(in_root("class"), "L3:0=1f\n", false, &err) == -EINVAL);
    CHECK(strstr(err.text, "says otherwise") != NULL);
    check_file("class/schemata", "    L3:0=0f;1=f0\n    MB:0= 50;1=100\n");
}

static void test_agrees(void)
{
    const char *present = "    L3:0=0f;1=f0\n    MB:0= 50;1=100\nL2:3=1\n";

    CHECK(resctrl_agrees("", present));
    CHECK(resctrl_agrees("L3:1=F0;0=f\n", present));
    CHECK(resctrl_agrees("MB:1=100\nL2:3=1", present));
    CHECK(!resctrl_agrees("MB:1=10", present));
    CHECK(!resctrl_agrees("MB:2=100", present));
    CHECK(!resctrl_agrees("L3CODE:0=f", present));
    CHECK(!resctrl_agrees("L3:0=f\nL3:1=f", present));
    CHECK(!resctrl_agrees("nonsense", present));
    CHECK(!resctrl_agrees("L3:x=1", present));
}

static void test_find(void)
{
    struct arena arena = { 0 };

    CHECK(arena_init(&arena, ARENA_DEFAULT_SIZE, NULL) == 0);
    CHECK(resctrl_find("22 1 0:20 / /proc rw - proc proc rw\n", &arena) == NULL);
    CHECK_STR(resctrl_find("22 1 0:20 / /proc rw - proc proc rw\n30 22 0:30 / /sys/fs/resctrl rw,relatime shared:5 - "
                           "resctrl resctrl rw\n",
                           &arena),
              "/sys/fs/resctrl");
    CHECK(resctrl_find("30 22 0:30 / /x rw - tmpfs resctrl rw\n", &arena) == NULL);
    CHECK(resctrl_find(" - resctrl ", &arena) == NULL);
    arena_done(&arena);
}

static void clean_up(void)
{
    unlink(in_root("class/schemata"));
    unlink(in_root("class/tasks"));
    CHECK(rmdir(in_root("class")) == 0 && rmdir(root) == 0);
}

static const struct test tests[] = {
    {"a group is made once",               test_make    },
    { "schemata and tasks are written",    test_new     },
    { "a group that is there is compared", test_existing},
    { "schemata agree",                    test_agrees  },
    { "where resctrl is mounted",          test_find    },
    { "nothing else was made",             clean_up     },
};

int main(void)
{
    return mkdtemp(root) ? test_main(tests, sizeof tests / sizeof tests[0]) : 1;
}
