// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The engine; see decode.h. An object is decoded in two passes: its members are matched to rows first, so that an exact
 * name wins over one in other letters wherever it stands, then the rows are decoded in the table's order.
 */
#include "spec/decode.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "spec/problem.h"
#include "spec/scalar.h"
#include "spec/spec.h"

struct match {
    struct lh_entry *member;
    bool exact;
};

bool decoder_goes_on(const struct decoder *decoder)
{
    return decoder->n_problems < (decoder->report ? PROBLEM_LIMIT : 1);
}

static struct json_object *member_value(const struct lh_entry *member)
{
    return (struct json_object *) lh_entry_v(member);
}

static const char *member_name(const struct lh_entry *member)
{
    return lh_entry_k(member);
}

static bool match_exactly(const struct shape *shape, struct lh_entry *member, struct match *matches)
{
    for (size_t i = 0; i < shape->n_fields; i++) {
        if (strcmp(shape->fields[i].name, member_name(member)) == 0) {
            matches[i] = (struct match){ member, true };
            return true;
        }
    }
    return false;
}

static bool match_loosely(const struct shape *shape, struct lh_entry *member, struct match *matches)
{
    bool found = false;

    for (size_t i = 0; i < shape->n_fields; i++) {
        if (strcasecmp(shape->fields[i].name, member_name(member)) != 0)
            continue;
        found = true;
        if (!matches[i].exact)
            matches[i].member = member;
    }
    return found;
}

static void unknown_member(struct decoder *decoder, const struct json_path *path, const struct shape *shape,
                           const struct lh_entry *member)
{
    const struct json_path item = { .parent = path, .key = member_name(member) };

    if (shape->closed && member_value(member))
        problem(decoder, &item, "%s", shape->closed);
}

static void match_members(struct decoder *decoder, const struct json_path *path, const struct shape *shape,
                          struct json_object *value, struct match *matches)
{
    for (struct lh_entry *member = json_object_get_object(value)->head; member; member = member->next)
        if (!match_exactly(shape, member, matches) && !match_loosely(shape, member, matches))
            unknown_member(decoder, path, shape, member);
}

static bool is_a(struct decoder *decoder, const struct json_path *path, struct json_object *value, enum json_type type,
                 const char *expected)
{
    if (json_object_is_type(value, type))
        return true;
    problem_expected(decoder, path, value, "%s", expected);
    return false;
}

static size_t *count_of(const struct field *field, void *target)
{
    return (size_t *) ((char *) target - field->offset + field->count);
}

/* Room for N items at *TARGET, whose count is then set; NULL when there is nothing to decode. */
static void *make_room(struct decoder *decoder, const struct field *field, void *target, size_t n, size_t size)
{
    void *items = n > 0 ? arena_alloc(decoder->arena, n, size) : NULL;

    *(void **) target = items;
    *count_of(field, target) = items ? n : 0;
    return items;
}

static void decode_inline(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                          const struct field *field, void *target)
{
    decode_object(decoder, path, value, field->shape, target);
}

static void decode_pointer(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                           const struct field *field, void *target)
{
    void *object = arena_alloc(decoder->arena, 1, field->shape->size);

    *(void **) target = object;
    if (object)
        decode_object(decoder, path, value, field->shape, object);
}

static void decode_strings(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                           const struct field *field, void *target)
{
    struct json_path item = { .parent = path };
    const char **strings;

    if (!is_a(decoder, path, value, json_type_array, "an array of strings"))
        return;
    strings = make_room(decoder, field, target, json_object_array_length(value), sizeof *strings);
    for (size_t n = *count_of(field, target); item.index < n && decoder_goes_on(decoder); item.index++)
        strings[item.index] = decode_text(decoder, &item, json_object_array_get_idx(value, item.index), field);
}

static void decode_numbers(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                           const struct field *field, void *target)
{
    struct json_path item = { .parent = path };
    uint32_t *numbers;

    if (!is_a(decoder, path, value, json_type_array, "an array of integers"))
        return;
    numbers = make_room(decoder, field, target, json_object_array_length(value), sizeof *numbers);
    for (size_t n = *count_of(field, target); item.index < n && decoder_goes_on(decoder); item.index++)
        decode_integer_as(decoder, &item, json_object_array_get_idx(value, item.index), field, FIELD_U32,
                          numbers + item.index);
}

static void decode_flags(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                         const struct field *field, void *target)
{
    struct json_path item = { .parent = path };
    size_t n;

    if (!is_a(decoder, path, value, json_type_array, "an array of strings"))
        return;
    n = json_object_array_length(value);
    for (; item.index < n && decoder_goes_on(decoder); item.index++) {
        const struct word *word =
            decode_word(decoder, &item, json_object_array_get_idx(value, item.index), field->words);

        *(uint64_t *) target |= word ? word->value : 0;
    }
}

static void decode_objects(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                           const struct field *field, void *target)
{
    struct json_path item = { .parent = path };
    char *objects;

    if (!is_a(decoder, path, value, json_type_array, "an array of objects"))
        return;
    objects = make_room(decoder, field, target, json_object_array_length(value), field->shape->size);
    for (size_t n = *count_of(field, target); item.index < n && decoder_goes_on(decoder); item.index++)
        decode_object(decoder, &item, json_object_array_get_idx(value, item.index), field->shape,
                      objects + item.index * field->shape->size);
}

static void decode_pairs(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                         const struct field *field, void *target)
{
    struct string_pair *pairs;
    size_t n = 0;

    if (!is_a(decoder, path, value, json_type_object, "an object of strings"))
        return;
    pairs = make_room(decoder, field, target, (size_t) json_object_object_length(value), sizeof *pairs);
    if (!pairs)
        return;
    for (struct lh_entry *member = json_object_get_object(value)->head; member; member = member->next) {
        struct json_path item = { .parent = path, .key = member_name(member) };

        if (!member_value(member))
            continue;
        pairs[n].key = arena_strdup(decoder->arena, item.key);
        pairs[n++].value = decode_text(decoder, &item, member_value(member), field);
    }
    *count_of(field, target) = n;
}

static void decode_object_map(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                              const struct field *field, void *target)
{
    char *objects;
    size_t n = 0;

    if (!is_a(decoder, path, value, json_type_object, "an object of objects"))
        return;
    objects = make_room(decoder, field, target, (size_t) json_object_object_length(value), field->shape->size);
    if (!objects)
        return;
    for (struct lh_entry *member = json_object_get_object(value)->head; member; member = member->next) {
        struct json_path item = { .parent = path, .key = member_name(member) };
        void *object = objects + n * field->shape->size;

        *(const char **) object = arena_strdup(decoder->arena, item.key);
        if (member_value(member)) /* null is an object without members, as Go reads it */
            decode_object(decoder, &item, member_value(member), field->shape, object);
        n++;
    }
    *count_of(field, target) = n;
}

static field_decoder *const field_decoders[N_FIELD_KINDS] = {
    [FIELD_STRING] = decode_string,         [FIELD_LETTER] = decode_letter,   [FIELD_BOOL] = decode_bool,
    [FIELD_OPT_BOOL] = decode_opt_bool,     [FIELD_I32] = decode_integer,     [FIELD_I64] = decode_integer,
    [FIELD_U32] = decode_integer,           [FIELD_U64] = decode_integer,     [FIELD_OPT_I64] = decode_integer,
    [FIELD_OPT_U32] = decode_integer,       [FIELD_OPT_U64] = decode_integer, [FIELD_ENUM] = decode_enum,
    [FIELD_FLAGS] = decode_flags,           [FIELD_STRINGS] = decode_strings, [FIELD_U32S] = decode_numbers,
    [FIELD_PAIRS] = decode_pairs,           [FIELD_INLINE] = decode_inline,   [FIELD_OBJECT] = decode_pointer,
    [FIELD_OBJECT_MAP] = decode_object_map, [FIELD_OBJECTS] = decode_objects,
};

static void decode_field(struct decoder *decoder, const struct json_path *path, const struct field *field,
                         const struct lh_entry *member, char *object)
{
    struct json_path item = { .parent = path, .name = field->name, .key = member ? member_name(member) : NULL };
    size_t problems = decoder->n_problems;

    if (!member || !member_value(member)) {
        if (field->required)
            problem(decoder, &item, "required, but missing");
        return;
    }
    if (field->present)
        *(bool *) (object + field->present) = true;
    field_decoders[field->kind](decoder, &item, member_value(member), field, object + field->offset);
    if (field->check && decoder->n_problems == problems)
        field->check(decoder, &item, object);
}

/* `crun check` goes on with what is wrong: nobody has to ask whether a required string is there. */
static void fill_required(const struct decoder *decoder, const struct shape *shape, char *object)
{
    for (size_t i = 0; decoder->report && i < shape->n_fields; i++) {
        const struct field *field = &shape->fields[i];
        const char **text = (const char **) (object + field->offset);

        if (field->required && field->kind == FIELD_STRING && !*text)
            *text = "";
    }
}

void decode_object(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                   const struct shape *shape, void *object)
{
    struct match matches[SHAPE_FIELDS_LIMIT];

    fill_required(decoder, shape, object);
    if (!is_a(decoder, path, value, json_type_object, "an object"))
        return;
    assert(shape->n_fields <= SHAPE_FIELDS_LIMIT);
    memset(matches, 0, shape->n_fields * sizeof matches[0]);
    match_members(decoder, path, shape, value, matches);
    for (size_t i = 0; i < shape->n_fields && decoder_goes_on(decoder); i++)
        decode_field(decoder, path, &shape->fields[i], matches[i].member, object);
    fill_required(decoder, shape, object);
    if (shape->finish)
        shape->finish(decoder->arena, object);
}

void decode_list(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                 const struct field *field, void *object)
{
    decode_objects(decoder, path, value, field, (char *) object + field->offset);
}
