// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * blob_check: a plan with every kind of field is accepted, and refused when any one of its references points outside.
 * Every corruption of every byte of header, rows and lists is either refused or leaves a plan whose references can
 * all be followed (under AddressSanitizer, in a buffer of exactly its size).
 */
#include <stdlib.h>

#include "plan/blob.h"
#include "test.h"

enum { N_OPS = 5, DATA = sizeof(struct blob) + N_OPS * sizeof(struct op) };

struct plan {
    struct blob blob;
    struct op ops[N_OPS];
    char strings[16];
    uint64_t list[4];
    char end[8];
};

#define OFFSET(member) ((uint32_t) offsetof(struct plan, member))

static void make_plan(struct plan *plan)
{
    memset(plan, 0, sizeof *plan);
    plan->blob = (struct blob){ .magic = BLOB_MAGIC,
                                .version = BLOB_VERSION,
                                .size = sizeof *plan,
                                .n_ops = N_OPS,
                                .data = OFFSET(strings),
                                .n_slots = 2,
                                .fd_base = 3 };
    memcpy(plan->strings, "first\0second", 13);
    plan->list[0] = plan->list[2] = OFFSET(strings);
    plan->list[1] = OFFSET(strings) + 6;
    for (int i = 0; i < N_OPS; i++)
        plan->ops[i] = (struct op){ .kind = OP_SESSION, .side = SIDE_INIT, .what = OFFSET(strings) };
    plan->ops[0].kind = OP_EXEC;
    plan->ops[0].exec.args = plan->ops[0].exec.env = (struct op_list){ OFFSET(list), 3 };
    plan->ops[1].kind = OP_BIND;
    plan->ops[1].bind.source = plan->ops[1].bind.target = OFFSET(strings);
    plan->ops[1].bind.tree = 1;
    plan->ops[2].kind = OP_MEMORY_POLICY;
    plan->ops[2].memory_policy.nodes = (struct op_bytes){ OFFSET(list), 40 };
    plan->ops[3].kind = OP_HOOK;
    plan->ops[3].side = SIDE_BOTH;
    plan->ops[3].hook.args = (struct op_list){ OFFSET(list), 3 };
}

static int check(const struct plan *plan)
{
    return blob_check(&plan->blob, sizeof *plan);
}

static void test_good(void)
{
    struct plan plan;
    char **list;

    make_plan(&plan);
    CHECK_INT(check(&plan), 0);
    for (int again = 0; again < 2; again++) {
        list = blob_list(&plan.blob, plan.ops[0].exec.args);
        CHECK_STR(list[0], "first");
        CHECK_STR(list[1], "second");
        CHECK_STR(list[2], "first");
        CHECK(list[3] == NULL);
    }
    CHECK(blob_list(&plan.blob, (struct op_list){ 0 })[0] == NULL);
    CHECK_STR(blob_str(&plan.blob, plan.ops[1].what), "first");
    CHECK(blob_str(&plan.blob, 0) == NULL);
}

/* SET one thing wrong; row ROW must be named. */
#define BAD(row, set)                                                                                                  \
    do {                                                                                                               \
        struct plan plan;                                                                                              \
        make_plan(&plan);                                                                                              \
        set;                                                                                                           \
        CHECK_INT(check(&plan), 1 + (row));                                                                            \
    } while (0)

static void test_header(void)
{
    BAD(0, plan.blob.magic++);
    BAD(0, plan.blob.version++);
    BAD(0, plan.blob.size++);
    BAD(0, plan.blob.size--);
    BAD(0, plan.blob.n_ops++);
    BAD(0, plan.blob.n_ops = UINT32_MAX);
    BAD(0, plan.blob.data = sizeof plan);
    BAD(0, plan.blob.data = OFFSET(strings) - 1);
    BAD(0, plan.blob.n_slots = UINT32_MAX);
    BAD(0, plan.blob.times = 3);
    BAD(0, plan.blob.fd_base = 2);
    BAD(0, plan.blob.fd_base = INT32_MAX);
    BAD(0, plan.end[7] = 'x');
    for (size_t size = 0; size < sizeof(struct plan); size++) {
        struct plan plan;

        make_plan(&plan);
        CHECK_INT(blob_check(&plan.blob, size), 1);
    }
}

static void test_fields(void)
{
    BAD(4, plan.ops[4].kind = N_OP_KINDS);
    BAD(4, plan.ops[4].side = 0);
    BAD(4, plan.ops[4].side = 4);
    BAD(4, plan.ops[4].what = sizeof plan);
    BAD(4, plan.ops[4].what = 8);
    BAD(1, plan.ops[1].bind.source = sizeof plan);
    BAD(1, plan.ops[1].bind.target = UINT32_MAX);
    BAD(1, plan.ops[1].bind.target = OFFSET(strings) - 1);
    BAD(1, plan.ops[1].bind.tree = 2);
    BAD(1, plan.ops[1].bind.tree = -2);
    BAD(2, plan.ops[2].memory_policy.nodes.size = 41);
    BAD(2, plan.ops[2].memory_policy.nodes.size = UINT32_MAX);
    BAD(2, plan.ops[2].memory_policy.nodes.offset = OFFSET(strings) - 8);
    BAD(2, plan.ops[2].memory_policy.nodes.offset += 4);
}

static void test_lists(void)
{
    BAD(0, plan.ops[0].exec.args.offset += 8);
    BAD(0, plan.ops[0].exec.args.offset += 1);
    BAD(0, plan.ops[0].exec.args.offset = 8);
    BAD(0, plan.ops[0].exec.env.n = 2);
    BAD(0, plan.ops[0].exec.env.n = 5);
    BAD(0, plan.ops[0].exec.env.n = UINT32_MAX);
    BAD(0, plan.ops[0].exec.env.offset = 0);
    BAD(0, plan.list[1] = 0);
    BAD(0, plan.list[1] = sizeof plan);
    BAD(0, plan.list[1] += 1ull << 32);
    BAD(0, plan.list[3] = OFFSET(strings));
    BAD(3, plan.ops[0].kind = OP_SESSION; plan.list[1] = 8);
}

/* Read all that a walk would read. */
static size_t follow(struct blob *blob)
{
    const struct op *ops = blob_ops(blob);
    size_t sum = 0;

    for (uint32_t i = 0; i < blob->n_ops; i++) {
        if (ops[i].what)
            sum += strlen(blob_str(blob, ops[i].what));
        if (ops[i].kind == OP_EXEC)
            for (char **arg = blob_list(blob, ops[i].exec.args); *arg; arg++)
                sum += strlen(*arg);
        if (ops[i].kind == OP_MEMORY_POLICY && ops[i].memory_policy.nodes.size)
            sum += *((const unsigned char *) blob_bytes(blob, ops[i].memory_policy.nodes) +
                     ops[i].memory_policy.nodes.size - 1);
    }
    return sum;
}

static void test_every_byte(void)
{
    static const unsigned char values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
    struct plan *plan = malloc(sizeof *plan);
    size_t refused = 0;

    CHECK(plan);
    for (size_t at = 0; at < sizeof *plan; at++)
        for (size_t v = 0; v < sizeof values; v++) {
            make_plan(plan);
            ((unsigned char *) plan)[at] ^= values[v];
            if (blob_check(&plan->blob, sizeof *plan) == 0)
                follow(&plan->blob);
            else
                refused++;
        }
    free(plan);
    CHECK(refused > 200);
}

static const struct test tests[] = {
    {"a good plan",   test_good      },
    { "a bad header", test_header    },
    { "bad fields",   test_fields    },
    { "bad lists",    test_lists     },
    { "every byte",   test_every_byte},
};

TEST_MAIN(tests)
