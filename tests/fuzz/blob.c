// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a plan: blob_check refuses them, or all that crun-init would follow can be followed. */
#include <stdlib.h>
#include <string.h>

#include "plan/blob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile size_t sink;

static void read_str(const struct blob *blob, op_str ref)
{
    if (ref)
        sink += strlen(blob_str(blob, ref));
}

static void read_list(struct blob *blob, struct op_list list)
{
    for (char **string = blob_list(blob, list); *string; string++)
        sink += strlen(*string);
}

static void read_bytes(const struct blob *blob, struct op_bytes bytes)
{
    const unsigned char *first = blob_bytes(blob, bytes);

    if (bytes.size)
        sink += first[0] + first[bytes.size - 1];
}

#define READ_STR(f)   read_str(blob, op->f);
#define READ_LIST(f)  read_list(blob, op->f);
#define READ_BYTES(f) read_bytes(blob, op->f);
#define READ(NAME, name, fields)                                                                                       \
    static void follow_##name(struct blob *blob, const struct op_##name *op)                                           \
    {                                                                                                                  \
        (void) blob, (void) op;                                                                                        \
        fields                                                                                                         \
    }
OP_CATALOGUE(READ, READ_STR, READ_LIST, READ_BYTES, OP_NOTHING, OP_NOTHING)

#define FOLLOW(NAME, name, fields)                                                                                     \
    case OP_##NAME:                                                                                                    \
        follow_##name(blob, &op->name);                                                                                \
        break;

static void follow(struct blob *blob, const struct op *op)
{
    read_str(blob, op->what);
    switch ((enum op_kind) op->kind) {
        OP_CATALOGUE(FOLLOW, OP_NOTHING, OP_NOTHING, OP_NOTHING, OP_NOTHING, OP_NOTHING)
    case N_OP_KINDS:
        abort();
    }
}

/* The header as a parent would write it, and kinds that exist, so that the fuzzer spends its time on the fields. The
 * lowest bit of the flags leaves all as it is. */
static void make_plausible(struct blob *blob, size_t size)
{
    struct op *ops = (struct op *) (blob + 1);

    if (size <= sizeof *blob + sizeof *ops || blob->flags & 1)
        return;
    blob->magic = BLOB_MAGIC;
    blob->version = BLOB_VERSION;
    blob->size = (uint32_t) size;
    blob->n_slots %= 8;
    blob->fd_base = 3;
    blob->n_ops = 1 + blob->n_ops % (uint32_t) ((size - 1 - sizeof *blob) / sizeof *ops);
    blob->data = (uint32_t) (sizeof *blob + blob->n_ops * sizeof *ops);
    ((char *) blob)[size - 1] = '\0';
    for (uint32_t i = 0; i < blob->n_ops; i++) {
        ops[i].kind %= N_OP_KINDS;
        ops[i].side = (uint8_t) (1 + ops[i].side % 3);
        ops[i].what = blob->data;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct blob *blob = malloc(size ? size : 1);

    if (!blob)
        return 0;
    memcpy(blob, data, size);
    make_plausible(blob, size);
    if (blob_check(blob, size) == 0)
        for (uint32_t i = 0; i < blob->n_ops; i++)
            follow(blob, &blob_ops(blob)[i]);
    free(blob);
    return 0;
}
