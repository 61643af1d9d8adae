// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Command line options from tables: one row an option. What is understood is the union of what GNU getopt_long and Go's
 * flag parsers take, because engines written for either call us:
 *
 *     --name=value  --name value  -n value  -nvalue  -n=value  -ab (flags in one word)
 *     -name         a single dash before an exact long name (`-no-subreaper`, as containerd sends it)
 *     --nam         a prefix that only one name has
 *     --flag=false  flags with a value, in all of Go's spellings
 *     --            no options after it
 *
 * Options may stand before and after the operands. Several tables are searched in order (a command's own, the global
 * ones, help and version), exact names in all of them first, so that `--debug` after the command works unless the
 * command has its own. Nothing is printed here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "crun.h"

enum option_type {
    OPTION_FLAG,     /* bool */
    OPTION_STRING,   /* const char *, the last one wins */
    OPTION_LIST,     /* struct option_list, each one is kept */
    OPTION_UNSIGNED, /* unsigned */
    OPTION_CHOICE,   /* int, by the names in `choices` */
    OPTION_FINAL,    /* bool; the rest of the command line is not looked at (--help) */
};

/* A word and what it stands for; a table ends with a NULL name. Names after the first of the same value are aliases. */
struct option_choice {
    const char *name;
    int value;
};

struct option {
    const char *name; /* long, without dashes */
    char letter;      /* 0: none */
    enum option_type type;
    size_t offset;        /* of the result in the set's values */
    const char *argument; /* what help calls the value */
    const char *help;     /* NULL: understood, not shown */
    const struct option_choice *choices;
};

struct option_list {
    const char **values; /* malloc'd array of pointers into argv */
    size_t n;
};

struct option_set {
    const struct option *options;
    size_t n;
    void *values; /* NULL: checked and forgotten */
};

#define OPTIONS_ALL_OPERANDS ((size_t) -1)

/*
 * Parse ARGV[0..n) by the N_SETS SETS. The operands are moved to the front of ARGV in their order, *RET_N_OPERANDS of
 * them. After N_STOP operands everything left is an operand unread (what a command hands on to another program).
 * -EINVAL with one line in ERR for an unknown or ambiguous option, a missing or a wrong value.
 */
int options_parse(const struct option_set *sets, size_t n_sets, size_t n_stop, size_t n, char **argv,
                  size_t *ret_n_operands, struct crun_error *err);

void option_list_done(struct option_list *list);

/* Whether TEXT begins with digits as JSON has them: what strtoul(3) reads may have white space, a sign, or leading zeros,
 * which are octal to some, before them. */
bool option_begins_number(const char *text);

/* Does this type of option take a value (for help)? */
bool option_has_value(const struct option *option);
