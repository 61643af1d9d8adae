// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The check of a whole blob, and its lists as pointers. This file is part of crun and of crun-init: it calls nothing.
 * The fields of every operation come from the catalogue, so that a new operation is checked without a word here.
 */
#include "plan/blob.h"

#include <stdbool.h>

/* The fields of an operation in order, one letter each. */
#define CODE_STR(f)               "s"
#define CODE_LIST(f)              "l"
#define CODE_BYTES(f)             "b"
#define CODE_NUM(f)               "n"
#define CODE_SLOT(f)              "d"
#define CODES(NAME, name, fields) [OP_##NAME] = "" fields,
static const char *const op_codes[N_OP_KINDS] = { OP_CATALOGUE(CODES, CODE_STR, CODE_LIST, CODE_BYTES, CODE_NUM,
                                                               CODE_SLOT) };

enum { LIST_WORD = 8, MAX_SLOTS = 1 << 16 };

static bool inside(const struct blob *blob, uint32_t offset, uint64_t size)
{
    return offset >= blob->data && offset < blob->size && size <= blob->size - offset;
}

/* The data ends in NUL, so that a string that begins inside ends inside. */
static bool str_ok(const struct blob *blob, uint64_t ref)
{
    return ref == 0 || (ref >= blob->data && ref < blob->size);
}

static bool list_ok(const struct blob *blob, struct op_list list)
{
    const uint64_t *words = (const void *) ((const char *) blob + list.offset);

    if (list.n == 0 && list.offset == 0)
        return true;
    if (list.offset % LIST_WORD || !inside(blob, list.offset, ((uint64_t) list.n + 1) * LIST_WORD))
        return false;
    for (uint32_t i = 0; i < list.n; i++)
        if (words[i] == 0 || !str_ok(blob, words[i]))
            return false;
    return words[list.n] == 0;
}

static bool bytes_ok(const struct blob *blob, struct op_bytes bytes)
{
    if (bytes.size == 0)
        return bytes.offset == 0 || inside(blob, bytes.offset, 0);
    return bytes.offset % LIST_WORD == 0 && inside(blob, bytes.offset, bytes.size);
}

static bool slot_ok(const struct blob *blob, op_slot slot)
{
    return slot == SLOT_NONE || (slot >= 0 && (uint32_t) slot < blob->n_slots);
}

/* The field after AT of ALIGNMENT and SIZE; moves AT behind it. */
static const void *next_field(const char *fields, size_t *at, size_t alignment, size_t size)
{
    const void *field = fields + (*at = (*at + alignment - 1) / alignment * alignment);

    *at += size;
    return field;
}

#define NEXT(type)                                                                                                     \
    ((const type *) next_field(fields, &at,                                                                            \
                               offsetof(                                                                               \
                                   struct {                                                                            \
                                       char c;                                                                         \
                                       type member;                                                                    \
                                   },                                                                                  \
                                   member),                                                                            \
                               sizeof(type)))

static bool fields_ok(const struct blob *blob, const struct op *op)
{
    const char *fields = (const char *) op + offsetof(struct op, state_create);
    size_t at = 0;
    bool ok = true;

    for (const char *code = op_codes[op->kind]; *code && ok; code++) {
        switch (*code) {
        case 's':
            ok = str_ok(blob, *NEXT(op_str));
            break;
        case 'l':
            ok = list_ok(blob, *NEXT(struct op_list));
            break;
        case 'b':
            ok = bytes_ok(blob, *NEXT(struct op_bytes));
            break;
        case 'n':
            NEXT(int64_t);
            break;
        case 'd':
            ok = slot_ok(blob, *NEXT(op_slot));
            break;
        }
    }
    return ok;
}

static bool op_ok(const struct blob *blob, const struct op *op)
{
    return op->kind < N_OP_KINDS && op->side >= SIDE_PARENT && op->side <= SIDE_BOTH && str_ok(blob, op->what) &&
           fields_ok(blob, op);
}

static bool header_ok(const struct blob *blob, size_t size)
{
    if (size < sizeof *blob || blob->magic != BLOB_MAGIC || blob->version != BLOB_VERSION || blob->size != size)
        return false;
    if (blob->data >= blob->size || ((const char *) blob)[blob->size - 1] != '\0')
        return false;
    if (sizeof *blob + (uint64_t) blob->n_ops * sizeof(struct op) > blob->data)
        return false;
    return blob->n_slots <= MAX_SLOTS && blob->times <= blob->n_slots && blob->fd_base >= 3 && blob->fd_base <= 1 << 20;
}

int blob_check(const struct blob *blob, size_t size)
{
    const struct op *ops = blob_ops(blob);

    if (!header_ok(blob, size))
        return 1;
    for (uint32_t i = 0; i < blob->n_ops; i++)
        if (!op_ok(blob, &ops[i]))
            return 1 + (int) i;
    return 0;
}

/* Where pointers have 64 bits a word that is no offset is a pointer already: asking twice does no harm. */
char **blob_list(struct blob *blob, struct op_list list)
{
    static char *nothing[1];
    uint64_t *words = (void *) ((char *) blob + list.offset);
    char **pointers = (void *) words;

    if (list.offset == 0)
        return nothing;
    for (uint32_t i = 0; i < list.n; i++)
        if (words[i] < blob->size)
            pointers[i] = (char *) blob + words[i];
    pointers[list.n] = NULL;
    return pointers;
}
