// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Protocol buffers on the wire (protobuf.dev, "Encoding"), as much as CRIU's RPC uses: a message is a row of fields,
 * each a number with its type, and then a varint, or a length and that many bytes: a text, or a message again.
 * Why no library: docs/decisions/0210.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A message that is being written; zeroed to begin with. Sticky: when memory runs out, `failed` is set once. */
struct criu_message {
    uint8_t *data; /* malloc'd */
    size_t size, capacity;
    bool failed;
};

void criu_message_done(struct criu_message *message);
/* Integers, enumerations and booleans; a negative one is sent with 64 bits, as the encoding has it for int32. */
void criu_put_number(struct criu_message *message, unsigned field, int64_t value);
/* NULL: nothing. */
void criu_put_text(struct criu_message *message, unsigned field, const char *text);
void criu_put_message(struct criu_message *message, unsigned field, const struct criu_message *inner);

/* A message that is being read. */
struct criu_reader {
    const uint8_t *at, *end;
};

struct criu_field {
    unsigned number;
    int64_t value;     /* of a varint */
    const void *bytes; /* of a text or a message: SIZE of them, inside the reader's; NULL: it was a number */
    size_t size;
};

/* 1: the next field, 0: the end, -EBADMSG: not such a message. */
int criu_next(struct criu_reader *reader, struct criu_field *ret);
