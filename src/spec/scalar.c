// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Single values; see scalar.h. An integer must be written as one: 1e3 and 1.5 are refused, as Go does. json-c clamps
 * what does not fit into 64 bits without a word, so a value at either end is compared with its text.
 */
#include "spec/scalar.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "spec/problem.h"
#include "spec/spec.h"

struct integer_kind {
    int64_t minimum;
    uint64_t maximum;
    void (*store)(void *target, uint64_t value);
};

static void store_i32(void *target, uint64_t value)
{
    *(int32_t *) target = (int32_t) value;
}

static void store_u32(void *target, uint64_t value)
{
    *(uint32_t *) target = (uint32_t) value;
}

static void store_u64(void *target, uint64_t value)
{
    *(uint64_t *) target = value;
}

static void store_i64(void *target, uint64_t value)
{
    *(int64_t *) target = (int64_t) value;
}

static void store_opt_i64(void *target, uint64_t value)
{
    *(struct opt_i64 *) target = (struct opt_i64){ true, (int64_t) value };
}

static void store_opt_u32(void *target, uint64_t value)
{
    *(struct opt_u32 *) target = (struct opt_u32){ true, (uint32_t) value };
}

static void store_opt_u64(void *target, uint64_t value)
{
    *(struct opt_u64 *) target = (struct opt_u64){ true, value };
}

/* clang-format off */
static const struct integer_kind integer_kinds[N_FIELD_KINDS] = {
    [FIELD_I32] =     { INT32_MIN, INT32_MAX,  store_i32 },
    [FIELD_I64] =     { INT64_MIN, INT64_MAX,  store_i64 },
    [FIELD_U32] =     { 0,         UINT32_MAX, store_u32 },
    [FIELD_U64] =     { 0,         UINT64_MAX, store_u64 },
    [FIELD_OPT_I64] = { INT64_MIN, INT64_MAX,  store_opt_i64 },
    [FIELD_OPT_U32] = { 0,         UINT32_MAX, store_opt_u32 },
    [FIELD_OPT_U64] = { 0,         UINT64_MAX, store_opt_u64 },
};
/* clang-format on */

/* Whether the text of the number at PATH is not TEXT: json-c clamped it. */
static bool was_clamped(const struct decoder *decoder, const struct json_path *path, const char *text)
{
    const struct document *document = decoder->document;
    size_t start, end;

    if (!json_locate(document->text, document->size, path, &start))
        return false;
    end = json_value_end(document->text, document->size, start);
    return end - start != strlen(text) || memcmp(document->text + start, text, end - start) != 0;
}

/* The 64 bits of VALUE and whether they are within the limits. Above INT64_MAX json-c's signed reading is INT64_MAX. */
static bool integer_fits(const struct decoder *decoder, const struct json_path *path, struct json_object *value,
                         int64_t minimum, uint64_t maximum, uint64_t *ret_bits)
{
    int64_t i = json_object_get_int64(value);
    uint64_t u = json_object_get_uint64(value);

    *ret_bits = i < 0 ? (uint64_t) i : u;
    if (i < 0)
        return i >= minimum && (i != INT64_MIN || !was_clamped(decoder, path, "-9223372036854775808"));
    if (u > maximum || (minimum > 0 && u < (uint64_t) minimum))
        return false;
    return u != UINT64_MAX || !was_clamped(decoder, path, "18446744073709551615");
}

static void expected_integer(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                             const struct field *field, int64_t minimum, uint64_t maximum)
{
    if (field->range)
        problem_expected(decoder, path, value, "an integer %s", field->range);
    else
        problem_expected(decoder, path, value, "an integer from %" PRId64 " to %" PRIu64, minimum, maximum);
}

void decode_integer_as(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                       const struct field *field, enum field_kind kind, void *target)
{
    const struct integer_kind *type = &integer_kinds[kind];
    bool narrower = field->minimum != 0 || field->maximum != 0;
    int64_t minimum = narrower ? field->minimum : type->minimum;
    uint64_t maximum = narrower ? field->maximum : type->maximum, bits;

    if (!json_object_is_type(value, json_type_int))
        problem_expected(decoder, path, value, "an integer");
    else if (!integer_fits(decoder, path, value, minimum, maximum, &bits) && !(field->or_zero && bits == 0))
        expected_integer(decoder, path, value, field, minimum, maximum);
    else
        type->store(target, bits);
}

void decode_integer(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                    const struct field *field, void *target)
{
    decode_integer_as(decoder, path, value, field, field->kind, target);
}

static bool decode_truth(struct decoder *decoder, const struct json_path *path, struct json_object *value)
{
    if (!json_object_is_type(value, json_type_boolean))
        problem_expected(decoder, path, value, "true or false");
    return json_object_get_boolean(value);
}

void decode_bool(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                 const struct field *field, void *target)
{
    *(bool *) target = decode_truth(decoder, path, value);
}

void decode_opt_bool(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                     const struct field *field, void *target)
{
    *(struct opt_bool *) target = (struct opt_bool){ true, decode_truth(decoder, path, value) };
}

static bool check_string(struct decoder *decoder, const struct json_path *path, struct json_object *value)
{
    if (!json_object_is_type(value, json_type_string)) {
        problem_expected(decoder, path, value, "a string");
        return false;
    }
    if (memchr(json_object_get_string(value), '\0', (size_t) json_object_get_string_len(value))) {
        problem_expected(decoder, path, value, "a string without NUL characters");
        return false;
    }
    return true;
}

/* "one of A, B, C" in the order of the table. */
static void list_words(const struct word *words, char *buffer, size_t size)
{
    size_t used = (size_t) snprintf(buffer, size, "one of ");

    for (const struct word *word = words; word->name && used < size; word++)
        used += (size_t) snprintf(buffer + used, size - used, "%s%s", word == words ? "" : ", ", word->name);
}

const struct word *decode_word(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                               const struct word *words)
{
    char list[1000];

    if (!check_string(decoder, path, value))
        return NULL;
    for (const struct word *word = words; word->name; word++)
        if (strcmp(word->name, json_object_get_string(value)) == 0)
            return word;
    list_words(words, list, sizeof list);
    problem_expected(decoder, path, value, "%s", list);
    return NULL;
}

/* What goes on in spite of a problem finds a string. */
static const char *no_text(const struct decoder *decoder)
{
    return decoder->report ? "" : NULL;
}

const char *decode_text(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                        const struct field *field)
{
    if (field->words) {
        const struct word *word = decode_word(decoder, path, value, field->words);

        return word ? word->name : no_text(decoder); /* the table's own text: no copy */
    }
    if (!check_string(decoder, path, value))
        return no_text(decoder);
    if (field->rule && !field->rule->accepts(json_object_get_string(value))) {
        problem_expected(decoder, path, value, "%s", field->rule->expected);
        return no_text(decoder);
    }
    return arena_strndup(decoder->arena, json_object_get_string(value), (size_t) json_object_get_string_len(value));
}

void decode_string(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                   const struct field *field, void *target)
{
    if (field->empty_is_absent && json_object_is_type(value, json_type_string) &&
        json_object_get_string_len(value) == 0)
        return;
    *(const char **) target = decode_text(decoder, path, value, field);
}

void decode_letter(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                   const struct field *field, void *target)
{
    const char *text;

    if (!check_string(decoder, path, value))
        return;
    text = json_object_get_string(value);
    if (strlen(text) == 1 && strchr(field->letters, text[0]))
        *(char *) target = text[0];
    else if (*text || !field->empty_is_absent)
        problem_expected(decoder, path, value, "one of the letters %s", field->letters);
}

void decode_enum(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                 const struct field *field, void *target)
{
    const struct word *word = decode_word(decoder, path, value, field->words);

    if (word)
        *(uint32_t *) target = (uint32_t) word->value;
}
