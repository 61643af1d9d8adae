// SPDX-License-Identifier: GPL-2.0-or-later
/* CRIU's RPC: messages as the bytes that protocol buffers' own documentation gives, requests field by field. */
#include "criu/message.h"
#include "criu/request.h"
#include "test.h"

static bool is(const struct criu_message *message, const char *bytes, size_t size)
{
    return !message->failed && message->size == size && memcmp(message->data, bytes, size) == 0;
}

#define IS(message, bytes) CHECK(is(message, bytes, sizeof(bytes) - 1))

/* The examples of protobuf.dev, "Encoding". */
static void test_documented(void)
{
    struct criu_message number = { 0 }, text = { 0 }, inner = { 0 }, negative = { 0 };

    criu_put_number(&number, 1, 150);
    IS(&number, "\x08\x96\x01");
    criu_put_text(&text, 2, "testing");
    IS(&text, "\x12\x07testing");
    criu_put_message(&inner, 3, &number);
    IS(&inner, "\x1a\x03\x08\x96\x01");
    criu_put_number(&negative, 1, -2);
    IS(&negative, "\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    criu_message_done(&number);
    criu_message_done(&text);
    criu_message_done(&inner);
    criu_message_done(&negative);
}

static void test_large_fields(void)
{
    struct criu_message message = { 0 };

    criu_put_number(&message, 65, 1); /* a tag of two bytes */
    IS(&message, "\x88\x04\x01");
    criu_put_text(&message, 1, NULL);
    CHECK_INT(message.size, 3);
    criu_put_text(&message, 1, "");
    IS(&message, "\x88\x04\x01\x0a\x00");
    for (int i = 0; i < 1000; i++)
        criu_put_text(&message, 1, "a text of thirty bytes or so...");
    CHECK(!message.failed);
    CHECK_INT(message.size, 5 + 1000 * 33);
    criu_message_done(&message);
}

static int next(struct criu_reader *reader, unsigned number)
{
    struct criu_field field;
    int r = criu_next(reader, &field);

    return r > 0 && field.number == number ? 1 : r > 0 ? -1 : r;
}

static void test_reading(void)
{
    /* 1: 150, 2: "ab", 3: fixed 64, 4: fixed 32, 65: 0 */
    static const char bytes[] = "\x08\x96\x01\x12\x02"
                                "ab\x19"
                                "12345678\x25"
                                "1234\x88\x04\x00";
    struct criu_reader reader = { (const uint8_t *) bytes, (const uint8_t *) bytes + sizeof bytes - 1 };
    struct criu_field field;

    CHECK_INT(criu_next(&reader, &field), 1);
    CHECK(field.number == 1 && field.value == 150 && !field.bytes);
    CHECK_INT(criu_next(&reader, &field), 1);
    CHECK(field.number == 2 && field.size == 2 && memcmp(field.bytes, "ab", 2) == 0);
    CHECK_INT(next(&reader, 3), 1);
    CHECK_INT(next(&reader, 4), 1);
    CHECK_INT(next(&reader, 65), 1);
    CHECK_INT(criu_next(&reader, &field), 0);
}

/* Cut off anywhere, and what is no message: refused, never read beyond. */
static void test_damaged(void)
{
    static const struct {
        const char *bytes;
        size_t size;
    } damaged[] = {
        {"\x08",                                              1 }, /* no value */
        { "\x08\x96",                                         2 }, /* a value that goes on */
        { "\x12\x07testin",                                   8 }, /* a text too short */
        { "\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f",         10}, /* a text without end */
        { "\x19"
          "1234567",                                 8 },
        { "\x25"
          "123",                                     4 },
        { "\x0b",                                             1 }, /* a group */
        { "\x00\x01",                                         2 }, /* field 0 */
        { "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12},
    };

    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        const uint8_t *start = (const uint8_t *) damaged[i].bytes;
        struct criu_reader reader = { start, start + damaged[i].size };
        struct criu_field field;

        CHECK_INT(criu_next(&reader, &field), -74); /* EBADMSG */
    }
}

/* ---- requests ---- */

static bool has_field(const struct criu_field *opts, unsigned number, int64_t value, const char *text)
{
    struct criu_reader reader = { opts->bytes, (const uint8_t *) opts->bytes + opts->size };
    struct criu_field field;

    while (criu_next(&reader, &field) > 0) {
        if (field.number != number)
            continue;
        if (text ? field.size == strlen(text) && memcmp(field.bytes, text, field.size) == 0
                 : !field.bytes && field.value == value)
            return true;
    }
    return false;
}

static bool opts_of(const struct criu_message *message, int64_t *ret_type, struct criu_field *ret_opts)
{
    struct criu_reader reader = { message->data, message->data + message->size };
    struct criu_field type;

    if (criu_next(&reader, &type) != 1 || criu_next(&reader, ret_opts) != 1)
        return false;
    *ret_type = type.value;
    return type.number == CRIU_REQ_TYPE && ret_opts->number == CRIU_REQ_OPTS && reader.at == reader.end;
}

static void test_request(void)
{
    struct criu_message message;
    struct criu_field opts;
    struct arena arena;
    struct criu_request request = { .work = CRIU_DUMP,
                                    .image_fd = 7,
                                    .work_fd = 8,
                                    .pid = 4711,
                                    .leave_running = true,
                                    .log_file = "dump.log",
                                    .page_server = "::1",
                                    .page_server_port = 27 };
    int64_t type;

    CHECK(arena_init(&arena, 1 << 20, NULL) >= 0);
    criu_add_external(&request, &arena, "mnt", "/etc/hosts", "/etc/hosts");
    criu_add_external(&request, &arena, "file", "1b:5", NULL);
    criu_add_inherited(&request, &arena, "pipe:[17]", 2);
    criu_add_pair(&request.cgroup_roots, &request.n_cgroup_roots, &arena, "", "/x");
    criu_encode(&request, &message);
    CHECK(!message.failed && !arena.failed);
    CHECK(opts_of(&message, &type, &opts));
    CHECK_INT(type, CRIU_REQ_TYPE_DUMP);
    CHECK(has_field(&opts, CRIU_OPTS_IMAGES_DIR_FD, 7, NULL));
    CHECK(has_field(&opts, CRIU_OPTS_PID, 4711, NULL));
    CHECK(has_field(&opts, CRIU_OPTS_LEAVE_RUNNING, 1, NULL));
    CHECK(!has_field(&opts, CRIU_OPTS_SHELL_JOB, 1, NULL));
    CHECK(!has_field(&opts, CRIU_OPTS_RST_SIBLING, 1, NULL));
    CHECK(has_field(&opts, CRIU_OPTS_EXTERNAL, 0, "mnt[/etc/hosts]:/etc/hosts"));
    CHECK(has_field(&opts, CRIU_OPTS_EXTERNAL, 0, "file[1b:5]"));
    CHECK(has_field(&opts, CRIU_OPTS_INHERIT_FD, 0, "\x0a\x09pipe:[17]\x10\x02"));
    CHECK(has_field(&opts, CRIU_OPTS_CG_ROOT, 0, "\x12\x02/x")); /* no controller is no field */
    CHECK(has_field(&opts, CRIU_OPTS_PS, 0, "\x0a\x03::1\x10\x1b"));
    criu_message_done(&message);
    arena_done(&arena);
}

static void test_pre_dump_and_restore(void)
{
    struct criu_request pre_dump = { .work = CRIU_PRE_DUMP }, restore = { .work = CRIU_RESTORE };
    struct criu_message message;
    struct criu_field opts;
    int64_t type;

    criu_encode(&pre_dump, &message);
    CHECK(opts_of(&message, &type, &opts));
    CHECK_INT(type, CRIU_REQ_TYPE_PRE_DUMP);
    CHECK(has_field(&opts, CRIU_OPTS_TRACK_MEM, 1, NULL) && has_field(&opts, CRIU_OPTS_LEAVE_RUNNING, 1, NULL));
    criu_message_done(&message);
    criu_encode(&restore, &message);
    CHECK(opts_of(&message, &type, &opts));
    CHECK_INT(type, CRIU_REQ_TYPE_RESTORE);
    CHECK(has_field(&opts, CRIU_OPTS_RST_SIBLING, 1, NULL) && !has_field(&opts, CRIU_OPTS_TRACK_MEM, 1, NULL));
    criu_message_done(&message);
}

static void test_names(void)
{
    CHECK(criu_external_valid("/a/b"));
    CHECK(criu_external_valid("/a]/b[:"));
    CHECK(!criu_external_valid("/a]:/etc"));
}

static const struct test tests[] = {
    {"messages are what the documentation shows", test_documented          },
    { "large field numbers and messages",         test_large_fields        },
    { "every type is read or passed over",        test_reading             },
    { "damaged messages are refused",             test_damaged             },
    { "a dump's request",                         test_request             },
    { "requests for a pre-dump and a restore",    test_pre_dump_and_restore},
    { "names that criu would cut",                test_names               },
};

TEST_MAIN(tests)
