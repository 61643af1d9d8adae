// SPDX-License-Identifier: LGPL-2.1-or-later
/* Writing and reading protocol buffers; see message.h. */
#include "criu/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum wire_type { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };
enum { TYPE_BITS = 3, VARINT_BITS = 7, VARINT_MORE = 0x80 };

void criu_message_done(struct criu_message *message)
{
    free(message->data);
    *message = (struct criu_message){ 0 };
}

/* ---- writing ---- */

static bool make_room(struct criu_message *message, size_t size)
{
    size_t capacity = message->capacity ? message->capacity : 256;
    uint8_t *grown;

    while (capacity - message->size < size)
        capacity *= 2;
    if (message->failed || capacity == message->capacity)
        return !message->failed;
    grown = realloc(message->data, capacity);
    message->failed = !grown;
    if (grown) {
        message->data = grown;
        message->capacity = capacity;
    }
    return grown;
}

static void put_varint(struct criu_message *message, uint64_t value)
{
    if (!make_room(message, (64 + VARINT_BITS - 1) / VARINT_BITS))
        return;
    for (; value >= VARINT_MORE; value >>= VARINT_BITS)
        message->data[message->size++] = (uint8_t) (value | VARINT_MORE);
    message->data[message->size++] = (uint8_t) value;
}

static void put_bytes(struct criu_message *message, unsigned field, const void *bytes, size_t size)
{
    put_varint(message, field << TYPE_BITS | WIRE_BYTES);
    put_varint(message, size);
    if (size == 0 || !make_room(message, size))
        return;
    memcpy(message->data + message->size, bytes, size);
    message->size += size;
}

void criu_put_number(struct criu_message *message, unsigned field, int64_t value)
{
    put_varint(message, field << TYPE_BITS | WIRE_VARINT);
    put_varint(message, (uint64_t) value);
}

void criu_put_text(struct criu_message *message, unsigned field, const char *text)
{
    if (text)
        put_bytes(message, field, text, strlen(text));
}

void criu_put_message(struct criu_message *message, unsigned field, const struct criu_message *inner)
{
    message->failed |= inner->failed;
    put_bytes(message, field, inner->data, inner->size);
}

/* ---- reading ---- */

static int get_varint(struct criu_reader *reader, uint64_t *ret)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64 && reader->at < reader->end; shift += VARINT_BITS) {
        uint8_t byte = *reader->at++;

        value |= (uint64_t) (byte & ~VARINT_MORE) << shift;
        if (!(byte & VARINT_MORE)) {
            *ret = value;
            return 0;
        }
    }
    return -EBADMSG;
}

static int skip(struct criu_reader *reader, uint64_t size)
{
    if (size > (size_t) (reader->end - reader->at))
        return -EBADMSG;
    reader->at += size;
    return 1;
}

static int get_bytes(struct criu_reader *reader, struct criu_field *field)
{
    uint64_t size;
    int r = get_varint(reader, &size);

    if (r < 0)
        return r;
    field->bytes = reader->at;
    field->size = (size_t) size;
    return skip(reader, size);
}

int criu_next(struct criu_reader *reader, struct criu_field *ret)
{
    uint64_t tag, value = 0;

    *ret = (struct criu_field){ 0 };
    if (reader->at == reader->end)
        return 0;
    if (get_varint(reader, &tag) < 0 || tag >> TYPE_BITS == 0 || tag >> TYPE_BITS > UINT32_MAX >> TYPE_BITS)
        return -EBADMSG;
    ret->number = (unsigned) (tag >> TYPE_BITS);
    switch (tag & ((1 << TYPE_BITS) - 1)) {
    case WIRE_VARINT:
        if (get_varint(reader, &value) < 0)
            return -EBADMSG;
        ret->value = (int64_t) value;
        return 1;
    case WIRE_BYTES:
        return get_bytes(reader, ret);
    case WIRE_64:
        return skip(reader, 8);
    case WIRE_32:
        return skip(reader, 4);
    default:
        return -EBADMSG;
    }
}
