// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Device rules: the shortened list, the eBPF program (run by a small interpreter here) and the v1 lines (run by a model
 * of the kernel's v1 device list) are compared with a direct evaluation of the rules as they were given, for every
 * combination of type, access, and all interesting numbers.
 */
#include "plan/device_rules.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "test.h"

#define ANY                                                                                                            \
    {                                                                                                                  \
        false, 0                                                                                                       \
    }
#define NUM(n)                                                                                                         \
    {                                                                                                                  \
        true, n                                                                                                        \
    }

/* ---- direct evaluation: the last rule that covers a device and one access decides that access ---- */

struct request {
    int type, access, major, minor;
};

static bool number_matches(struct opt_i64 rule, int number)
{
    return !rule.set || rule.value < 0 || rule.value == number;
}

static bool spec_matches(const struct spec_device_rule *rule, const struct request *r, char letter)
{
    char type = r->type == DEVICE_CHAR ? 'c' : 'b';

    return (rule->type == 'a' || rule->type == type) && number_matches(rule->major, r->major) &&
           number_matches(rule->minor, r->minor) && (!rule->access || strchr(rule->access, letter));
}

static const struct spec_device_rule defaults[] = {
    {true,  'c', NUM(1),   NUM(3), NULL},
    { true, 'c', NUM(1),   NUM(5), NULL},
    { true, 'c', NUM(1),   NUM(7), NULL},
    { true, 'c', NUM(1),   NUM(8), NULL},
    { true, 'c', NUM(1),   NUM(9), NULL},
    { true, 'c', NUM(5),   NUM(0), NULL},
    { true, 'c', NUM(5),   NUM(1), NULL},
    { true, 'c', NUM(5),   NUM(2), NULL},
    { true, 'c', NUM(136), ANY,    NULL},
};

/* A list that ends by taking from "everything" lets every node be made. */
static bool from_everything(const struct spec_device_rule *rules, size_t n)
{
    bool allowed = false;

    for (size_t i = 0; i < n; i++)
        if (rules[i].type == 'a' && number_matches(rules[i].major, -2) && number_matches(rules[i].minor, -2) &&
            (!rules[i].access || strlen(rules[i].access) == 3))
            allowed = rules[i].allow;
    return allowed;
}

static bool decide(const struct spec_device_rule *rules, size_t n, const struct request *r, char letter)
{
    bool allowed = false;

    for (size_t i = 0; i < n; i++)
        if (spec_matches(&rules[i], r, letter))
            allowed = rules[i].allow;
    allowed |= letter == 'm' && from_everything(rules, n);
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
        if (spec_matches(&defaults[i], r, letter))
            allowed = defaults[i].allow;
    return allowed;
}

static bool expected(const struct spec_device_rule *rules, size_t n, const struct request *r)
{
    return (!(r->access & ACCESS_MKNOD) || decide(rules, n, r, 'm')) &&
           (!(r->access & ACCESS_READ) || decide(rules, n, r, 'r')) &&
           (!(r->access & ACCESS_WRITE) || decide(rules, n, r, 'w'));
}

/* ---- the program: an interpreter of the instructions that the generator uses ---- */

static int run_program(const struct bpf_code *code, size_t n, const struct request *request)
{
    uint32_t context[3] = { (uint32_t) request->access << 16 | (uint32_t) request->type, (uint32_t) request->major,
                            (uint32_t) request->minor };
    uint64_t reg[16] = { 0 };

    for (size_t pc = 0, steps = 0; pc < n && steps < 100000; pc++, steps++) {
        const struct bpf_code *i = &code[pc];
        unsigned to = i->registers & 15, from = i->registers >> 4;

        switch (i->code) {
        case 0x61:
            reg[to] = context[i->offset / 4];
            break;
        case 0xb7:
            reg[to] = (uint64_t) (int64_t) i->immediate;
            break;
        case 0xbf:
            reg[to] = reg[from];
            break;
        case 0x54:
            reg[to] = (uint32_t) reg[to] & (uint32_t) i->immediate;
            break;
        case 0x77:
            reg[to] >>= i->immediate;
            break;
        case 0x15:
            pc += reg[to] == (uint64_t) (int64_t) i->immediate ? (size_t) i->offset : 0;
            break;
        case 0x55:
            pc += reg[to] != (uint64_t) (int64_t) i->immediate ? (size_t) i->offset : 0;
            break;
        case 0x95:
            return (int) reg[0];
        default:
            return -1;
        }
    }
    return -2; /* fell off the end */
}

/* ---- v1: a model of security/device_cgroup as Documentation/admin-guide/cgroup-v1/devices.rst tells it ---- */

struct exception {
    char type;
    int major, minor, access;
};

struct v1_list {
    bool default_allow;
    struct exception e[4096];
    size_t n;
};

static int v1_number(const char *text)
{
    return text[0] == '*' ? -1 : atoi(text);
}

static void v1_add(struct v1_list *list, struct exception e)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->e[i].type == e.type && list->e[i].major == e.major && list->e[i].minor == e.minor) {
            list->e[i].access |= e.access;
            return;
        }
    list->e[list->n++] = e;
}

static void v1_remove(struct v1_list *list, struct exception e)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->e[i].type == e.type && list->e[i].major == e.major && list->e[i].minor == e.minor)
            list->e[i].access &= ~e.access;
}

static void v1_write(struct v1_list *list, const struct resource_row *row)
{
    bool allow = strcmp(row->file, "devices.allow") == 0;
    char type, major[16], minor[16], access[8];
    struct exception e;

    if (strcmp(row->value, "a") == 0) {
        list->default_allow = allow;
        list->n = 0;
        return;
    }
    if (sscanf(row->value, "%c %15[^:]:%15s %7s", &type, major, minor, access) != 4)
        abort();
    e = (struct exception){ type, v1_number(major), v1_number(minor),
                            (strchr(access, 'm') ? ACCESS_MKNOD : 0) | (strchr(access, 'r') ? ACCESS_READ : 0) |
                                (strchr(access, 'w') ? ACCESS_WRITE : 0) };
    if (allow != list->default_allow)
        v1_add(list, e);
    else
        v1_remove(list, e);
}

/* Deny by default: one exception must grant all that is asked. Allow by default: any exception that has some of it
 * refuses. */
static bool v1_allows(const struct v1_list *list, const struct request *r)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct exception *e = &list->e[i];

        if (e->type != (r->type == DEVICE_CHAR ? 'c' : 'b') || (e->major >= 0 && e->major != r->major) ||
            (e->minor >= 0 && e->minor != r->minor))
            continue;
        if (list->default_allow ? (e->access & r->access) != 0 : (r->access & ~e->access) == 0)
            return !list->default_allow;
    }
    return list->default_allow;
}

/* ---- comparing ---- */

static const int numbers[] = { 0, 1, 2, 3, 5, 7, 8, 9, 10, 136, 200, 4095 };
#define N_NUMBERS (sizeof numbers / sizeof numbers[0])

/* Calls CHECK for each request; returns the first that differs through *BAD. V1 lists cannot join read from one
 * exception and write from another, so there only single accesses are compared. */
static bool same(const struct spec_device_rule *rules, size_t n, const struct bpf_code *code, size_t n_code,
                 const struct v1_list *v1, struct request *bad)
{
    for (size_t i = 0; i < 2 * 7 * N_NUMBERS * N_NUMBERS; i++) {
        struct request r = { 1 + (int) (i % 2), 1 + (int) (i / 2 % 7), numbers[i / 14 % N_NUMBERS],
                             numbers[i / 14 / N_NUMBERS] };
        bool single = (r.access & (r.access - 1)) == 0;

        *bad = r;
        if (run_program(code, n_code, &r) != expected(rules, n, &r))
            return false;
        if (v1 && single && v1_allows(v1, &r) != expected(rules, n, &r))
            return false;
    }
    return true;
}

/* Whether v1 can express the list; fills LIST if so. */
static bool make_v1(const struct device_rules *rules, struct arena *arena, struct v1_list *list)
{
    struct error err = { 0 };
    struct resource_rows rows = { .arena = arena, .err = &err };

    device_rules_v1(rules, &rows);
    *list = (struct v1_list){ .default_allow = true };
    for (size_t i = 0; i < rows.n; i++)
        v1_write(list, &rows.rows[i]);
    return !rows.failed;
}

static struct v1_list v1;
static struct arena arena;

static bool check_rules(struct spec_device_rule *given, size_t n, bool *ret_v1)
{
    struct spec_resources resources = { .devices = given, .n_devices = n };
    const struct bpf_code *code;
    struct device_rules rules;
    struct request bad;
    struct error err = { 0 };
    size_t n_code;
    bool has_v1;

    arena.used = 0;
    if (device_rules_make(&resources, NULL, &arena, &rules, &err) < 0 ||
        devices_bpf(&rules, &arena, &code, &n_code, &err) < 0) {
        printf("# %s\n", err.text);
        return false;
    }
    has_v1 = make_v1(&rules, &arena, &v1);
    if (ret_v1)
        *ret_v1 = has_v1;
    if (same(given, n, code, n_code, has_v1 ? &v1 : NULL, &bad))
        return true;
    printf("# type %d access %d %d:%d: expected %d, program %d, v1 %d\n", bad.type, bad.access, bad.major, bad.minor,
           expected(given, n, &bad), run_program(code, n_code, &bad), has_v1 ? v1_allows(&v1, &bad) : -1);
    return false;
}

static void test_usual(void)
{
    struct spec_device_rule docker[] = {
        {false,  'a', ANY,     ANY,      "rwm"},
        { true,  'c', NUM(1),  NUM(5),   "rwm"},
        { true,  'c', NUM(5),  NUM(1),   "rw" },
        { true,  'c', NUM(10), NUM(200), "rwm"},
        { false, 'c', NUM(10), NUM(200), "w"  }
    };
    struct spec_device_rule privileged[] = {
        {true, 'a', ANY, ANY, "rwm"}
    };
    struct spec_device_rule all_but_one[] = {
        {true,   'a', ANY,    ANY, "rwm"},
        { false, 'b', NUM(8), ANY, "rw" }
    };
    struct spec_device_rule exception[] = {
        {true,   'b', NUM(8), ANY,    "rw"},
        { false, 'b', NUM(8), NUM(1), "w" }
    };
    bool has_v1;

    CHECK(check_rules(NULL, 0, &has_v1) && has_v1);
    CHECK(check_rules(docker, 5, &has_v1) && has_v1);
    CHECK(check_rules(privileged, 1, &has_v1) && has_v1);
    CHECK(check_rules(all_but_one, 2, &has_v1) && has_v1);
    CHECK(check_rules(exception, 2, &has_v1) && !has_v1);
}

static struct opt_i64 random_number(void)
{
    return rand() % 3 ? (struct opt_i64){ true, numbers[rand() % (int) N_NUMBERS] }
                      : (struct opt_i64){ rand() % 2, -1 };
}

static void test_random(void)
{
    static const char *const accesses[] = { "r", "w", "m", "rw", "rm", "wm", "rwm", NULL };
    int expressible = 0;

    srand(1);
    for (int round = 0; round < 3000; round++) {
        struct spec_device_rule rules[8];
        size_t n = (size_t) (rand() % 8);
        bool has_v1;

        for (size_t i = 0; i < n; i++)
            rules[i] = (struct spec_device_rule){ rand() % 2, "abc"[rand() % 3], random_number(), random_number(),
                                                  accesses[rand() % 8] };
        CHECK(check_rules(rules, n, &has_v1));
        expressible += has_v1;
    }
    printf("# %d of 3000 random lists can be expressed on v1\n", expressible);
    CHECK(expressible > 500);
}

static void test_refused(void)
{
    struct spec_device_rule wide[] = {
        {true, 'c', NUM(4096), ANY, NULL}
    };
    struct spec_resources resources = { .devices = wide, .n_devices = 1 };
    struct device_rules rules;
    struct error err = { 0 };

    CHECK_INT(device_rules_make(&resources, NULL, &arena, &rules, &err), -EINVAL);
    CHECK_STR(err.text, "linux.resources.devices[0].major: 4096 is out of range (0 to 4095, -1 for all)");
    wide[0] = (struct spec_device_rule){ true, 'c', NUM(-2), ANY, NULL };
    CHECK_INT(device_rules_make(&resources, NULL, &arena, &rules, &err), -EINVAL);
    CHECK_STR(err.text, "linux.resources.devices[0].major: -2 is out of range (0 to 4095, -1 for all)");
    wide[0] = (struct spec_device_rule){ true, 'c', NUM(1), NUM(INT64_MIN), NULL };
    CHECK_INT(device_rules_make(&resources, NULL, &arena, &rules, &err), -EINVAL);
    CHECK_STR(err.text,
              "linux.resources.devices[0].minor: -9223372036854775808 is out of range (0 to 1048575, -1 for all)");
    resources.n_devices = 5000;
    CHECK_INT(device_rules_make(&resources, NULL, &arena, &rules, &err), -E2BIG);
}

static void test_short(void)
{
    struct spec_device_rule rules[] = {
        {false, 'a', ANY,     ANY,    "rwm"},
        { true, 'c', NUM(10), NUM(1), "r"  },
        { true, 'c', NUM(10), NUM(1), "rw" }
    };
    struct spec_resources resources = { .devices = rules, .n_devices = 3 };
    struct device_rules made;

    arena.used = 0;
    CHECK_INT(device_rules_make(&resources, NULL, &arena, &made, NULL), 0);
    CHECK_INT(made.n, 10); /* one of ours, nine default ones */
    CHECK_INT(made.rules[0].access, ACCESS_READ | ACCESS_WRITE);
    CHECK(!device_rules_allow_all(&made));
}

static bool may(const struct device_rules *rules, int type, int access, int major, int minor)
{
    const struct request request = { type, access, major, minor };
    const struct bpf_code *code;
    size_t n;

    return devices_bpf(rules, &arena, &code, &n, NULL) == 0 && run_program(code, n, &request) == 1;
}

/* linux.devices lets each of its nodes be made, and nothing more. */
static void test_nodes(void)
{
    struct spec_device_rule listed[] = {
        {false, 'a', ANY,     ANY,      NULL},
        { true, 'b', NUM(8),  ANY,      NULL},
        { true, 'c', NUM(10), NUM(200), "r" }
    };
    struct spec_device devices[] = {
        {.type = 'c',      .major = NUM(10), .minor = NUM(229)},
        { .type = 'c',     .major = NUM(10), .minor = NUM(200)},
        { .type = 'b',     .major = NUM(8),  .minor = NUM(1)  },
        { .type = 'p'    },
        { .type = 'c', .major = NUM(1),                 .minor = NUM(3)                      },
    };
    struct spec_linux nodes = { .devices = devices, .n_devices = 5 };
    struct spec_resources resources = { .devices = listed, .n_devices = 3 };
    struct device_rules made;

    arena.used = 0;
    CHECK_INT(device_rules_make(&resources, &nodes, &arena, &made, NULL), 0);
    CHECK_INT(made.n, 2 + 9 + 2); /* two nodes that no rule lets be made */
    CHECK(may(&made, DEVICE_CHAR, ACCESS_MKNOD, 10, 229) && !may(&made, DEVICE_CHAR, ACCESS_READ, 10, 229));
    CHECK(may(&made, DEVICE_CHAR, ACCESS_MKNOD, 10, 200) && !may(&made, DEVICE_CHAR, ACCESS_WRITE, 10, 200));
    CHECK(!may(&made, DEVICE_CHAR, ACCESS_MKNOD, 10, 230) && !may(&made, DEVICE_BLOCK, ACCESS_MKNOD, 10, 229));
}

static const struct test tests[] = {
    {"the usual lists",          test_usual  },
    { "3000 random lists",       test_random },
    { "what is refused",         test_refused},
    { "rules without effect go", test_short  },
    { "nodes of linux.devices",  test_nodes  },
};

int main(void)
{
    if (arena_init(&arena, ARENA_DEFAULT_SIZE, NULL) < 0)
        return 1;
    return test_main(tests, sizeof tests / sizeof tests[0]);
}
