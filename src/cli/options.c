// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The option parser; see options.h. A walk over the words: each is an operand, `--`, or an option; an option is
 * looked up, its value found (in the word or in the next one), and stored by its type.
 */
#include "cli/options.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/failure.h"

struct walk {
    const struct option_set *sets;
    size_t n_sets;
    char **argv;
    size_t n, next; /* words, and the one to look at */
    bool final;     /* an OPTION_FINAL was met */
    struct crun_error *err;
};

/* An option that was found, the set it is in, and how the user wrote it. */
struct match {
    const struct option *option;
    const struct option_set *set;
    char shown[64];
};

bool option_has_value(const struct option *option)
{
    return option->type != OPTION_FLAG && option->type != OPTION_FINAL;
}

bool option_begins_number(const char *text)
{
    return *text >= '0' && *text <= '9' && !(text[0] == '0' && text[1] >= '0' && text[1] <= '9');
}

void option_list_done(struct option_list *list)
{
    free(list->values);
    *list = (struct option_list){ 0 };
}

/* ---- storing values ---- */

static int store_flag(struct walk *walk, const struct match *match, void *slot, const char *value)
{
    /* What Go's strconv.ParseBool takes. */
    static const struct option_choice words[] = {
        {"true",   1},
        { "True",  1},
        { "TRUE",  1},
        { "t",     1},
        { "T",     1},
        { "1",     1},
        { "false", 0},
        { "False", 0},
        { "FALSE", 0},
        { "f",     0},
        { "F",     0},
        { "0",     0},
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(value, words[i].name) == 0) {
            if (slot)
                *(bool *) slot = words[i].value;
            return 0;
        }
    return failure_set(walk->err, -EINVAL, "invalid value \"%s\" for %s: expected true or false", value, match->shown);
}

static int store_list(struct walk *walk, struct option_list *list, const char *value)
{
    const char **values;

    if (!list)
        return 0;
    values = realloc(list->values, (list->n + 1) * sizeof *values);
    if (!values)
        return failure_errno(walk->err, -ENOMEM, "options");
    values[list->n++] = value;
    list->values = values;
    return 0;
}

static int store_unsigned(struct walk *walk, const struct match *match, unsigned *slot, const char *value)
{
    char *end;
    unsigned long number;

    errno = 0;
    number = strtoul(value, &end, 10);
    if (!option_begins_number(value) || *end || errno || number > UINT_MAX)
        return failure_set(walk->err, -EINVAL, "invalid value \"%s\" for %s: expected a number", value, match->shown);
    if (slot)
        *slot = (unsigned) number;
    return 0;
}

static int wrong_choice(struct walk *walk, const struct match *match, const char *value)
{
    char names[256] = "";
    size_t length = 0;

    for (const struct option_choice *c = match->option->choices; c->name; c++)
        if (c == match->option->choices || c->value != c[-1].value)
            length += (size_t) snprintf(names + length, sizeof names - length, "%s%s", length ? ", " : "", c->name);
    return failure_set(walk->err, -EINVAL, "invalid value \"%s\" for %s: expected one of %s", value, match->shown,
                       names);
}

static int store_choice(struct walk *walk, const struct match *match, int *slot, const char *value)
{
    for (const struct option_choice *c = match->option->choices; c->name; c++)
        if (strcmp(value, c->name) == 0) {
            if (slot)
                *slot = c->value;
            return 0;
        }
    return wrong_choice(walk, match, value);
}

static int store(struct walk *walk, const struct match *match, const char *value)
{
    void *slot = match->set->values ? (char *) match->set->values + match->option->offset : NULL;

    switch (match->option->type) {
    case OPTION_FLAG:
        return store_flag(walk, match, slot, value);
    case OPTION_FINAL:
        walk->final = true;
        return store_flag(walk, match, slot, value);
    case OPTION_STRING:
        if (slot)
            *(const char **) slot = value;
        return 0;
    case OPTION_LIST:
        return store_list(walk, slot, value);
    case OPTION_UNSIGNED:
        return store_unsigned(walk, match, slot, value);
    case OPTION_CHOICE:
        return store_choice(walk, match, slot, value);
    }
    return 0;
}

/* ---- looking up ---- */

static void match_show(struct match *match, const char *dashes, const char *name, size_t length)
{
    snprintf(match->shown, sizeof match->shown, "%s%.*s", dashes, (int) length, name);
}

static bool find_letter(const struct walk *walk, char letter, struct match *ret)
{
    for (size_t s = 0; s < walk->n_sets; s++)
        for (size_t i = 0; i < walk->sets[s].n; i++)
            if (walk->sets[s].options[i].letter == letter) {
                *ret = (struct match){ .option = &walk->sets[s].options[i], .set = &walk->sets[s] };
                match_show(ret, "-", &letter, 1);
                return true;
            }
    return false;
}

static bool find_exact(const struct walk *walk, const char *name, size_t length, struct match *ret)
{
    for (size_t s = 0; s < walk->n_sets; s++)
        for (size_t i = 0; i < walk->sets[s].n; i++) {
            const struct option *option = &walk->sets[s].options[i];

            if (strncmp(option->name, name, length) == 0 && !option->name[length]) {
                *ret = (struct match){ .option = option, .set = &walk->sets[s] };
                match_show(ret, "--", option->name, length);
                return true;
            }
        }
    return false;
}

/* How many names in SET begin with NAME; the last of them in *RET. Rows of one name (two letters) stand together. */
static size_t find_prefix_in(const struct option_set *set, const char *name, size_t length, struct match *ret)
{
    size_t found = 0;

    for (size_t i = 0; i < set->n; i++) {
        const struct option *option = &set->options[i];

        if (strncmp(option->name, name, length) != 0 || (found && strcmp(option->name, ret->option->name) == 0))
            continue;
        *ret = (struct match){ .option = option, .set = set };
        match_show(ret, "--", option->name, strlen(option->name));
        found++;
    }
    return found;
}

static int find_long(const struct walk *walk, const char *name, size_t length, struct match *ret)
{
    if (length > 0 && find_exact(walk, name, length, ret))
        return 0;
    for (size_t s = 0; length > 0 && s < walk->n_sets; s++) {
        size_t found = find_prefix_in(&walk->sets[s], name, length, ret);

        if (found > 1)
            return failure_set(walk->err, -EINVAL, "option \"--%.*s\" is ambiguous", (int) length, name);
        if (found == 1)
            return 0;
    }
    return failure_set(walk->err, -EINVAL, "unknown option \"--%.*s\"", (int) length, name);
}

/* ---- one word ---- */

/* The option's value is VALUE, or else the next word; a flag without one is true. */
static int take(struct walk *walk, const struct match *match, const char *value)
{
    if (!value && !option_has_value(match->option))
        value = "true";
    if (!value && walk->next < walk->n)
        value = walk->argv[walk->next++];
    if (!value)
        return failure_set(walk->err, -EINVAL, "option requires an argument: \"%s\"", match->shown);
    return store(walk, match, value);
}

static int parse_long(struct walk *walk, const char *name)
{
    size_t length = strcspn(name, "=");
    struct match match;
    int r = find_long(walk, name, length, &match);

    return r < 0 ? r : take(walk, &match, name[length] ? name + length + 1 : NULL);
}

static int unknown_letter(struct walk *walk, char letter, const char *letters)
{
    if (!letters[1])
        return failure_set(walk->err, -EINVAL, "unknown option \"-%c\"", letter);
    return failure_set(walk->err, -EINVAL, "unknown option \"-%c\" in \"-%s\"", letter, letters);
}

/* -a, -ab, -ovalue, -o=value */
static int parse_letters(struct walk *walk, const char *letters)
{
    struct match match;
    int r = 0;

    for (const char *p = letters; *p && r == 0 && !walk->final; p++) {
        if (!find_letter(walk, *p, &match))
            return unknown_letter(walk, *p, letters);
        if (p[1] == '=')
            return take(walk, &match, p + 2);
        if (option_has_value(match.option))
            return take(walk, &match, p[1] ? p + 1 : NULL);
        r = take(walk, &match, NULL);
    }
    return r;
}

static int parse_option(struct walk *walk, const char *word)
{
    size_t length = strcspn(word + 1, "=");
    struct match match;

    if (word[1] == '-')
        return parse_long(walk, word + 2);
    if (length > 1 && find_exact(walk, word + 1, length, &match))
        return parse_long(walk, word + 1);
    return parse_letters(walk, word + 1);
}

int options_parse(const struct option_set *sets, size_t n_sets, size_t n_stop, size_t n, char **argv,
                  size_t *ret_n_operands, struct crun_error *err)
{
    struct walk walk = { .sets = sets, .n_sets = n_sets, .argv = argv, .n = n, .err = err };
    size_t n_operands = 0;
    bool options = true;

    while (walk.next < n && !walk.final) {
        char *word = argv[walk.next++];
        int r;

        if (n_operands >= n_stop || !options || word[0] != '-' || !word[1]) {
            argv[n_operands++] = word;
        } else if (strcmp(word, "--") == 0) {
            options = false;
        } else {
            r = parse_option(&walk, word);
            if (r < 0)
                return r;
        }
    }
    *ret_n_operands = n_operands;
    return 0;
}
