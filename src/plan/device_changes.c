// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From one set of v1 device rules to another. A v1 cgroup holds a list of exceptions, "c 1:3 rwm" a line, from "nothing"
 * (or from "everything", whose exceptions devices.list does not show). From nothing to nothing the difference is
 * written: first what is newly allowed, then what no longer is, so that a device that is in both is never refused, and
 * one that is in neither never allowed. The other changes begin with "a", which forgets all exceptions.
 */
#include "plan/device_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct exception {
    const char *key; /* "c 1:3" */
    size_t length;
    unsigned access;
};

struct exceptions {
    struct exception *list;
    size_t n;
};

static unsigned access_of(const char *text)
{
    unsigned access = 0;

    for (; *text && *text != '\n'; text++)
        access |= *text == 'm' ? ACCESS_MKNOD : *text == 'r' ? ACCESS_READ : *text == 'w' ? ACCESS_WRITE : 0u;
    return access;
}

static struct exception *find(const struct exceptions *in, const struct exception *like)
{
    for (size_t i = 0; i < in->n; i++)
        if (in->list[i].length == like->length && memcmp(in->list[i].key, like->key, like->length) == 0)
            return &in->list[i];
    return NULL;
}

/* One line; the kernel, too, keeps one exception for a device and adds accesses to it. */
static void add_line(struct exceptions *to, const char *line)
{
    size_t type = strcspn(line, " \n"), length = type + (line[type] == ' ');
    struct exception one, *known;

    length += strcspn(line + length, " \n");
    one = (struct exception){ line, length, access_of(line + length) };
    known = find(to, &one);
    if (known)
        known->access |= one.access;
    else if (length)
        to->list[to->n++] = one;
}

static size_t count_lines(const char *text)
{
    size_t n = 1;

    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static void change(struct resource_rows *rows, bool allow, const struct exception *one, unsigned access)
{
    resource_row(rows, "linux.resources.devices", allow ? "devices.allow" : "devices.deny", 0, "%.*s %s%s%s",
                 (int) one->length, one->key, access & ACCESS_READ ? "r" : "", access & ACCESS_WRITE ? "w" : "",
                 access & ACCESS_MKNOD ? "m" : "");
}

/* What is in TO and not in FROM. */
static void change_all(const struct exceptions *to, const struct exceptions *from, bool allow,
                       struct device_changes *changes)
{
    for (size_t i = 0; i < to->n; i++) {
        const struct exception *before = find(from, &to->list[i]);
        unsigned access = to->list[i].access & ~(before ? before->access : 0u);

        if (!access)
            continue;
        change(&changes->rows, allow, &to->list[i], access);
        change(&changes->undo, !allow, &to->list[i], access);
    }
}

static void everything(struct resource_rows *rows, bool allow)
{
    resource_row(rows, "linux.resources.devices", allow ? "devices.allow" : "devices.deny", 0, "a");
}

/* Back to what LIST says, from any state. */
static void restore(struct resource_rows *rows, const char *list, bool from_all)
{
    everything(rows, from_all);
    for (const char *line = list; !from_all && *line; line += strcspn(line, "\n"), line += *line == '\n')
        resource_row(rows, "linux.resources.devices", "devices.allow", 0, "%.*s", (int) strcspn(line, "\n"), line);
}

static void replace(const struct resource_rows *wanted, bool to_all, const char *list, bool from_all,
                    struct device_changes *changes)
{
    changes->gap = to_all ? wanted->n > 0 : true;
    if (to_all)
        everything(&changes->rows, true);
    for (size_t i = 0; i < wanted->n; i++)
        resource_row(&changes->rows, wanted->rows[i].field, wanted->rows[i].file, 0, "%s", wanted->rows[i].value);
    restore(&changes->undo_first, list, from_all);
    for (size_t i = 0; i < changes->rows.n; i++) /* the first one's undo says it all; the others' change nothing */
        everything(&changes->undo, from_all);
}

static int parse(struct exceptions *ret, const char *list, const struct resource_rows *wanted, struct arena *arena)
{
    ret->list = arena_new(arena, struct exception, wanted ? wanted->n + 1 : count_lines(list));
    if (!ret->list)
        return -ENOMEM;
    for (size_t i = 0; wanted && i < wanted->n; i++)
        if (wanted->rows[i].value[0] != 'a')
            add_line(ret, wanted->rows[i].value);
    for (; !wanted && *list; list += strcspn(list, "\n"), list += *list == '\n')
        add_line(ret, list);
    return 0;
}

/* The difference, when both lists are exceptions from "nothing". */
static int differ(const struct resource_rows *wanted, const char *list, struct arena *arena,
                  struct device_changes *changes)
{
    struct exceptions now = { 0 }, then = { 0 };
    int r = parse(&now, list, NULL, arena);

    if (r >= 0)
        r = parse(&then, NULL, wanted, arena);
    if (r < 0)
        return r;
    change_all(&then, &now, true, changes);
    change_all(&now, &then, false, changes);
    if (changes->undo.n)
        changes->undo_first = (struct resource_rows){ .rows = changes->undo.rows, .n = 1 };
    return 0;
}

int device_rules_change_v1(const struct device_rules *rules, const char *list, struct arena *arena,
                           struct device_changes *ret, struct error *err)
{
    struct resource_rows wanted = { .arena = arena, .err = err };
    bool from_all = list[0] == 'a', to_all;
    int r = 0;

    *ret = (struct device_changes){ .rows = wanted, .undo = wanted, .undo_first = wanted };
    device_rules_v1(rules, &wanted);
    to_all = wanted.n == 0 || strcmp(wanted.rows[0].value, "a") != 0;
    if (!wanted.failed && !from_all && !to_all)
        r = differ(&wanted, list, arena, ret);
    else if (!wanted.failed)
        replace(&wanted, to_all, list, from_all, ret);
    if (wanted.failed || ret->rows.failed || ret->undo.failed)
        return err->code;
    return r < 0 ? error_errno(err, r, "linux.resources.devices") : 0;
}
