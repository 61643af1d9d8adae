// SPDX-License-Identifier: GPL-2.0-or-later
/* The option parser: what engines send, and what is refused. */
#include "test.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/fd.h"
#include "cli/options.h"

struct values {
    bool all, detach, no_pivot, no_subreaper, help, debug;
    const char *bundle, *root;
    struct option_list env;
    unsigned fds;
    int format;
};

static const struct option_choice formats[] = {
    {"table", 0},
    { "json", 1},
    { "j",    1},
    { NULL,   0},
};

#define AT(member) offsetof(struct values, member)

static const struct option own[] = {
    {"all",           'a', OPTION_FLAG,     AT(all),          NULL,     "", NULL   },
    { "bundle",       'b', OPTION_STRING,   AT(bundle),       "DIR",    "", NULL   },
    { "detach",       'd', OPTION_FLAG,     AT(detach),       NULL,     "", NULL   },
    { "env",          'e', OPTION_LIST,     AT(env),          "VAR",    "", NULL   },
    { "format",       'f', OPTION_CHOICE,   AT(format),       "FORMAT", "", formats},
    { "no-pivot",     0,   OPTION_FLAG,     AT(no_pivot),     NULL,     "", NULL   },
    { "no-subreaper", 0,   OPTION_FLAG,     AT(no_subreaper), NULL,     "", NULL   },
    { "preserve-fds", 0,   OPTION_UNSIGNED, AT(fds),          "N",      "", NULL   },
};

static const struct option global[] = {
    {"debug",          0,   OPTION_FLAG,   AT(debug), NULL,  "", NULL},
    { "format-of-log", 0,   OPTION_STRING, AT(root),  "X",   "", NULL},
    { "help",          'h', OPTION_FINAL,  AT(help),  NULL,  "", NULL},
    { "help",          '?', OPTION_FINAL,  AT(help),  NULL,  "", NULL},
    { "root",          0,   OPTION_STRING, AT(root),  "DIR", "", NULL},
};

#define N(table)  (sizeof(table) / sizeof((table)[0]))
#define WORDS_MAX 16

struct parsed {
    struct values values;
    char *words[WORDS_MAX];
    size_t n_operands;
    struct crun_error err;
    int code;
    char line[256]; /* what words point into */
};

/* Parse LINE, words separated by single blanks. */
static void parse(struct parsed *p, size_t n_stop, const char *line)
{
    struct option_set sets[] = {
        {own,     N(own),    &p->values},
        { global, N(global), &p->values},
    };
    size_t n = 0;
    char *rest;

    *p = (struct parsed){ 0 };
    snprintf(p->line, sizeof p->line, "%s", line);
    rest = p->line;
    while (rest && n < WORDS_MAX)
        p->words[n++] = strsep(&rest, " ");
    p->code = options_parse(sets, 2, n_stop, n, p->words, &p->n_operands, &p->err);
}

/* The operands in one string. */
static const char *operands(struct parsed *p, char text[256])
{
    *text = 0;
    for (size_t i = 0; i < p->n_operands; i++)
        snprintf(text + strlen(text), 256 - strlen(text), "%s%s", i ? " " : "", p->words[i]);
    return text;
}

static void strings_in_all_forms(void)
{
    static const char *const lines[] = {
        "--bundle=/b id",
        "--bundle /b id",
        "-b /b id",
        "-b/b id",
        "-b=/b id",
        "id -b /b",
        "id --bundle=/b",
        "-bundle /b id",
        "-bundle=/b id",
        "--bun /b id",
        "--bundle=/x --bundle=/b id",
    };
    struct parsed p;
    char text[256];

    for (size_t i = 0; i < N(lines); i++) {
        parse(&p, OPTIONS_ALL_OPERANDS, lines[i]);
        CHECK_STR(p.err.text, "");
        CHECK_STR(p.values.bundle, "/b");
        CHECK_STR(operands(&p, text), "id");
    }
}

static void flags_in_all_forms(void)
{
    static const struct {
        const char *line;
        bool value;
    } cases[] = {
        {"-no-subreaper",        true },
        { "--no-subreaper",      true },
        { "--no-sub",            true },
        { "--no-subreaper=true", true },
        { "-no-subreaper=1",     true },
        { "--no-subreaper=T",    true },
        { "--no-subreaper=f",    false},
        { "-no-subreaper=false", false},
        { "id",                  false},
    };
    struct parsed p;

    for (size_t i = 0; i < N(cases); i++) {
        parse(&p, OPTIONS_ALL_OPERANDS, cases[i].line);
        CHECK_STR(p.err.text, "");
        CHECK_INT(p.values.no_subreaper, cases[i].value);
    }
}

static void letters_cluster(void)
{
    struct parsed p;

    parse(&p, OPTIONS_ALL_OPERANDS, "-adb /b -dfjson");
    CHECK_STR(p.err.text, "");
    CHECK(p.values.all && p.values.detach);
    CHECK_STR(p.values.bundle, "/b");
    CHECK_INT(p.values.format, 1);
}

static void lists_keep_all(void)
{
    struct parsed p;

    parse(&p, OPTIONS_ALL_OPERANDS, "-e A=1 --env=B=2 -eC=3 id");
    CHECK_INT(p.values.env.n, 3);
    CHECK_STR(p.values.env.values[0], "A=1");
    CHECK_STR(p.values.env.values[1], "B=2");
    CHECK_STR(p.values.env.values[2], "C=3");
    option_list_done(&p.values.env);
    CHECK_INT(p.values.env.n, 0);
}

static void operands_end_options(void)
{
    static const struct {
        const char *line;
        size_t stop;
        const char *operands;
        bool all;
    } cases[] = {
        {"x -a y",           OPTIONS_ALL_OPERANDS, "x y",            true },
        { "x -- -a y",       OPTIONS_ALL_OPERANDS, "x -a y",         false},
        { "-- x -- -a",      OPTIONS_ALL_OPERANDS, "x -- -a",        false},
        { "x - -a",          OPTIONS_ALL_OPERANDS, "x -",            true },
        { "x -a sh -d",      2,                    "x sh -d",        true },
        { "x sh -a --zork",  2,                    "x sh -a --zork", false},
        { "x -- -a",         1,                    "x -- -a",        false},
        { "-a create -d -b", 1,                    "create -d -b",   true },
    };
    struct parsed p;
    char text[256];

    for (size_t i = 0; i < N(cases); i++) {
        parse(&p, cases[i].stop, cases[i].line);
        CHECK_STR(p.err.text, "");
        CHECK_STR(operands(&p, text), cases[i].operands);
        CHECK_INT(p.values.all, cases[i].all);
        CHECK(!p.values.detach);
    }
}

static void global_options_after_the_command(void)
{
    struct parsed p;

    parse(&p, OPTIONS_ALL_OPERANDS, "id --debug --root /r --format json");
    CHECK_STR(p.err.text, "");
    CHECK(p.values.debug);
    CHECK_STR(p.values.root, "/r");
    CHECK_INT(p.values.format, 1);
}

static void help_ends_everything(void)
{
    static const char *const lines[] = { "--help --zork", "-h --zork",  "-? --zork",
                                         "--hel --zork",  "-ah --zork", "-help" };
    struct parsed p;

    for (size_t i = 0; i < N(lines); i++) {
        parse(&p, OPTIONS_ALL_OPERANDS, lines[i]);
        CHECK_STR(p.err.text, "");
        CHECK(p.values.help);
    }
}

static void mistakes_are_named(void)
{
    static const struct {
        const char *line, *error;
    } cases[] = {
        {"--zork",                     "unknown option \"--zork\""                                         },
        { "--zork=1",                  "unknown option \"--zork\""                                         },
        { "-az",                       "unknown option \"-z\" in \"-az\""                                  },
        { "--=x",                      "unknown option \"--\""                                             },
        { "id --bundle",               "option requires an argument: \"--bundle\""                         },
        { "-bundle",                   "option requires an argument: \"--bundle\""                         },
        { "-ab",                       "option requires an argument: \"-b\""                               },
        { "--no",                      "option \"--no\" is ambiguous"                                      },
        { "--all=maybe",               "invalid value \"maybe\" for --all: expected true or false"         },
        { "--preserve-fds x",          "invalid value \"x\" for --preserve-fds: expected a number"         },
        { "--preserve-fds -1",         "invalid value \"-1\" for --preserve-fds: expected a number"        },
        { "--preserve-fds=4294967296", "invalid value \"4294967296\" for --preserve-fds: expected a number"},
        { "--preserve-fds 010",        "invalid value \"010\" for --preserve-fds: expected a number"       },
        { "--preserve-fds=",           "invalid value \"\" for --preserve-fds: expected a number"          },
        { "-f xml",                    "invalid value \"xml\" for -f: expected one of table, json"         },
    };
    struct parsed p;

    for (size_t i = 0; i < N(cases); i++) {
        parse(&p, OPTIONS_ALL_OPERANDS, cases[i].line);
        CHECK_STR(p.err.text, cases[i].error);
        CHECK_INT(p.code, -EINVAL);
    }
}

static void without_values_only_checks(void)
{
    char flag[] = "-a", number[] = "--preserve-fds=3", list[] = "-eA";
    char *words[] = { flag, number, list };
    const struct option_set set = { own, N(own), NULL };
    struct crun_error err = { 0 };
    size_t n;

    CHECK_INT(options_parse(&set, 1, OPTIONS_ALL_OPERANDS, 3, words, &n, &err), 0);
    CHECK_INT(n, 0);
}

static const struct test tests[] = {
    {"strings in all forms",              strings_in_all_forms            },
    { "flags in all forms",               flags_in_all_forms              },
    { "letters cluster",                  letters_cluster                 },
    { "lists keep all",                   lists_keep_all                  },
    { "operands end options",             operands_end_options            },
    { "global options after the command", global_options_after_the_command},
    { "help ends everything",             help_ends_everything            },
    { "mistakes are named",               mistakes_are_named              },
    { "without values only checks",       without_values_only_checks      },
};

TEST_MAIN(tests)
