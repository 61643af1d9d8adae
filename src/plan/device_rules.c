// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Making the list short: a later rule that covers all devices of an earlier one takes its accesses from it, whatever
 * either says, and an earlier rule with none left goes. What then remains of an engine's usual list is a dozen rules.
 */
#include "plan/device_rules.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "plan/ops.h"

#define RULES_LIMIT 4096 /* the work grows with the square */

static const struct device_rule default_rules[] = {
    {true,  DEVICE_CHAR, ACCESS_ALL, 1,   3,            0}, /* null */
    { true, DEVICE_CHAR, ACCESS_ALL, 1,   5,            0}, /* zero */
    { true, DEVICE_CHAR, ACCESS_ALL, 1,   7,            0}, /* full */
    { true, DEVICE_CHAR, ACCESS_ALL, 1,   8,            0}, /* random */
    { true, DEVICE_CHAR, ACCESS_ALL, 1,   9,            0}, /* urandom */
    { true, DEVICE_CHAR, ACCESS_ALL, 5,   0,            0}, /* tty */
    { true, DEVICE_CHAR, ACCESS_ALL, 5,   1,            0}, /* console */
    { true, DEVICE_CHAR, ACCESS_ALL, 5,   2,            0}, /* ptmx */
    { true, DEVICE_CHAR, ACCESS_ALL, 136, DEVICE_EVERY, 0}, /* pts */
};
/* Where the list takes something from "everything", nodes of what it takes can still be made. */
static const struct device_rule any_node = { true, DEVICE_ANY, ACCESS_MKNOD, DEVICE_EVERY, DEVICE_EVERY, 0 };
#define N_DEFAULT_RULES (sizeof default_rules / sizeof default_rules[0])

static uint8_t parse_access(const char *text)
{
    uint8_t access = 0;

    if (!text)
        return ACCESS_ALL;
    if (strchr(text, 'm'))
        access |= ACCESS_MKNOD;
    if (strchr(text, 'r'))
        access |= ACCESS_READ;
    if (strchr(text, 'w'))
        access |= ACCESS_WRITE;
    return access;
}

static uint8_t parse_types(char type)
{
    switch (type) {
    case 'b':
        return DEVICE_BLOCK;
    case 'c':
    case 'u':
        return DEVICE_CHAR;
    default:
        return DEVICE_ANY;
    }
}

static int parse_number(struct opt_i64 number, int64_t maximum, const char *name, size_t i, int32_t *ret,
                        struct error *err)
{
    *ret = DEVICE_EVERY;
    if (!number.set || number.value == -1)
        return 0;
    if (number.value < 0 || number.value > maximum)
        return error_set(err, -EINVAL,
                         "linux.resources.devices[%zu].%s: %" PRId64 " is out of range (0 to %" PRId64 ", -1 for all)",
                         i, name, number.value, maximum);
    *ret = (int32_t) number.value;
    return 0;
}

static int parse_rule(const struct spec_device_rule *from, size_t i, struct device_rule *rule, struct error *err)
{
    int r = parse_number(from->major, DEVICE_MAJOR_MAX, "major", i, &rule->major, err);

    if (r >= 0)
        r = parse_number(from->minor, DEVICE_MINOR_MAX, "minor", i, &rule->minor, err);
    rule->allow = from->allow;
    rule->types = parse_types(from->type);
    rule->access = parse_access(from->access);
    rule->origin = i;
    return r;
}

static bool number_covers(int32_t wide, int32_t narrow)
{
    return wide == DEVICE_EVERY || wide == narrow;
}

/* Whether every device of NARROW is one of WIDE. */
static bool rule_covers(const struct device_rule *wide, const struct device_rule *narrow)
{
    return (narrow->types & ~wide->types) == 0 && number_covers(wide->major, narrow->major) &&
           number_covers(wide->minor, narrow->minor);
}

static bool numbers_meet(int32_t a, int32_t b)
{
    return a == b || a == DEVICE_EVERY || b == DEVICE_EVERY;
}

/* Whether some access to some device falls under both. */
static bool rules_meet(const struct device_rule *a, const struct device_rule *b)
{
    return (a->types & b->types) && (a->access & b->access) && numbers_meet(a->major, b->major) &&
           numbers_meet(a->minor, b->minor);
}

/* Take from RULE what the N LATER ones decide; false if that is all of it. What later ones decide in the same sense
 * may stay, so that "everything" is not broken up by the default rule for mknod. */
static bool reduce(struct device_rule *rule, const struct device_rule *later, size_t n)
{
    uint8_t same = 0, opposite = 0;

    for (size_t j = 0; j < n; j++)
        if (rule_covers(&later[j], rule))
            *(later[j].allow == rule->allow ? &same : &opposite) |= later[j].access;
    rule->access &= (uint8_t) ~opposite;
    return (rule->access & ~same) != 0;
}

/* From the last to the first; those with an effect gather at the end of the array. */
static void simplify(struct device_rules *rules)
{
    size_t total = rules->n, kept = rules->n;

    for (size_t i = total; i-- > 0;) {
        struct device_rule rule = rules->rules[i];

        if (reduce(&rule, rules->rules + kept, total - kept))
            rules->rules[--kept] = rule;
    }
    while (kept < total && !rules->rules[kept].allow)
        kept++; /* nothing to take back yet */
    rules->rules += kept;
    rules->n = total - kept;
}

/* The last of the rules that are about everything. */
static bool takes_from_all(const struct device_rules *rules)
{
    for (size_t i = rules->n; i-- > 0;) {
        const struct device_rule *rule = &rules->rules[i];

        if (rule->types == DEVICE_ANY && rule->access == ACCESS_ALL && rule->major == DEVICE_EVERY &&
            rule->minor == DEVICE_EVERY)
            return rule->allow;
    }
    return false;
}

static void add_rule(struct device_rules *rules, const struct device_rule *rule, size_t origin)
{
    rules->rules[rules->n] = *rule;
    rules->rules[rules->n++].origin = origin;
}

/* A node that linux.devices lists is made in the container's cgroup, whatever else the rules refuse. */
static void add_node(struct device_rules *rules, const struct spec_device *device, size_t origin)
{
    const struct device_rule rule = { .allow = true,
                                      .types = parse_types(device->type),
                                      .access = ACCESS_MKNOD,
                                      .major = (int32_t) device->major.value,
                                      .minor = (int32_t) device->minor.value };

    for (size_t i = rules->n; i-- > 0;)
        if (rules->rules[i].access & ACCESS_MKNOD && rule_covers(&rules->rules[i], &rule)) {
            if (!rules->rules[i].allow)
                break;
            return;
        }
    add_rule(rules, &rule, origin);
}

static int add_listed(struct device_rules *rules, const struct spec_resources *resources, size_t n, struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        int r = parse_rule(&resources->devices[i], i, &rules->rules[rules->n], err);

        if (r < 0)
            return r;
        rules->n += rules->rules[rules->n].access != 0;
    }
    return 0;
}

int device_rules_make(const struct spec_resources *resources, const struct spec_linux *nodes, struct arena *arena,
                      struct device_rules *ret_rules, struct error *err)
{
    size_t n = resources ? resources->n_devices : 0, n_nodes = nodes ? nodes->n_devices : 0;
    struct device_rules rules = { 0 };
    int r;

    if (n > RULES_LIMIT)
        return error_set(err, -E2BIG, "linux.resources.devices: more than %d rules", RULES_LIMIT);
    rules.rules = arena_new(arena, struct device_rule, n + N_DEFAULT_RULES + n_nodes + 1);
    if (!rules.rules)
        return error_errno(err, -ENOMEM, "linux.resources.devices");
    r = add_listed(&rules, resources, n, err);
    if (r < 0)
        return r;
    if (takes_from_all(&rules))
        add_rule(&rules, &any_node, n);
    for (size_t i = 0; i < N_DEFAULT_RULES; i++)
        add_rule(&rules, &default_rules[i], n);
    for (size_t i = 0; i < n_nodes; i++)
        if (nodes->devices[i].type != 'p')
            add_node(&rules, &nodes->devices[i], n);
    simplify(&rules);
    *ret_rules = rules;
    return 0;
}

static bool allows_everything(const struct device_rule *rule)
{
    return rule->allow && rule->types == DEVICE_ANY && rule->access == ACCESS_ALL && rule->major == DEVICE_EVERY &&
           rule->minor == DEVICE_EVERY;
}

/* Such a rule covers all before it, so it is the first; later allowing ones add nothing to it. */
static bool starts_from_all(const struct device_rules *rules)
{
    for (size_t i = 0; i < rules->n; i++)
        if (allows_everything(&rules->rules[i]))
            return true;
    return false;
}

const struct device_rule *device_rules_exception(const struct device_rules *rules)
{
    for (size_t i = 0; starts_from_all(rules) && i < rules->n; i++)
        if (!rules->rules[i].allow)
            return &rules->rules[i];
    return NULL;
}

bool device_rules_allow_all(const struct device_rules *rules)
{
    return starts_from_all(rules) && !device_rules_exception(rules);
}

/* ---- v1 ---- */

static const char *number_text(struct resource_rows *rows, int32_t number)
{
    return number == DEVICE_EVERY ? "*" : resource_text(rows, "%" PRId32, number);
}

static void line_v1(struct resource_rows *rows, const struct device_rule *rule, char type)
{
    resource_row(rows, "linux.resources.devices", rule->allow ? "devices.allow" : "devices.deny", 0, "%c %s:%s %s%s%s",
                 type, number_text(rows, rule->major), number_text(rows, rule->minor),
                 rule->access & ACCESS_READ ? "r" : "", rule->access & ACCESS_WRITE ? "w" : "",
                 rule->access & ACCESS_MKNOD ? "m" : "");
}

/* v1 keeps a flat list of exceptions to "nothing" or to "everything": an exception from an exception cannot be told,
 * and a rule in the sense of the start says nothing new. */
static bool expressible_v1(const struct device_rules *rules, size_t i, bool from_all)
{
    if (rules->rules[i].allow != from_all)
        return true;
    for (size_t j = 0; j < i; j++)
        if (rules->rules[j].allow != from_all && rules_meet(&rules->rules[j], &rules->rules[i]))
            return false;
    return true;
}

void device_rules_v1(const struct device_rules *rules, struct resource_rows *rows)
{
    bool from_all = starts_from_all(rules);

    if (!from_all)
        resource_row(rows, "linux.resources.devices", "devices.deny", 0, "a");
    for (size_t i = 0; i < rules->n; i++) {
        const struct device_rule *rule = &rules->rules[i];

        if (!expressible_v1(rules, i, from_all))
            resource_fail(rows, resource_text(rows, "linux.resources.devices[%zu]", rule->origin),
                          "cgroup v1 cannot %s a part of what an earlier rule %s", rule->allow ? "allow" : "deny",
                          rule->allow ? "denies" : "allows");
        if (rule->allow == from_all)
            continue;
        if (rule->types & DEVICE_CHAR)
            line_v1(rows, rule, 'c');
        if (rule->types & DEVICE_BLOCK)
            line_v1(rows, rule, 'b');
    }
}
