// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From json-c's tree to plain structs, by tables: a `struct shape` describes a C struct, a row of it (`struct field`)
 * one JSON member: its name, kind, place in the struct, and rule. A noun's file holds its tables and exports its shape
 * (spec/shapes.h); the engine walks them. Nothing here knows what a field means.
 *
 * Members are matched exactly first, then without regard to case, as Go does; unknown ones are ignored (unless the shape is
 * closed: then its members are no words of the specification but names of something), null counts as absent. The decoder is sticky: without a report function the first problem is kept in `err` and ends the work, with
 * one every problem is reported, at most PROBLEM_LIMIT.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "base/arena.h"
#include "base/error.h"
#include "spec/load.h"
#include "spec/locate.h"

struct decoder {
    const struct document *document;
    struct arena *arena;
    struct error *err;
    void (*report)(void *userdata, const struct error *problem); /* NULL: the first problem only */
    void *userdata;
    size_t n_problems;
};

#define PROBLEM_LIMIT 100 /* each is located anew: a broken document of 32 MiB must not take minutes */

enum field_kind {
    FIELD_STRING,     /* const char * */
    FIELD_LETTER,     /* char: a string of one letter out of .letters */
    FIELD_BOOL,       /* bool */
    FIELD_OPT_BOOL,   /* struct opt_bool */
    FIELD_I32,        /* int32_t */
    FIELD_I64,        /* int64_t */
    FIELD_U32,        /* uint32_t */
    FIELD_U64,        /* uint64_t */
    FIELD_OPT_I64,    /* struct opt_i64 */
    FIELD_OPT_U32,    /* struct opt_u32 */
    FIELD_OPT_U64,    /* struct opt_u64 */
    FIELD_ENUM,       /* uint32_t or an enum: the value of a string in .words */
    FIELD_FLAGS,      /* uint64_t: an array of strings in .words, their values or-ed */
    FIELD_STRINGS,    /* const char **, and a count: an array of strings */
    FIELD_U32S,       /* uint32_t *, and a count: an array of numbers */
    FIELD_PAIRS,      /* struct string_pair *, and a count: a map of strings */
    FIELD_INLINE,     /* an object whose fields lie in the struct itself, at the offset */
    FIELD_OBJECT,     /* a pointer to a struct of .shape */
    FIELD_OBJECTS,    /* a pointer to an array of structs of .shape, and a count */
    FIELD_OBJECT_MAP, /* the same for a map; the key goes to the struct's first member, a const char * */
    N_FIELD_KINDS,
};

/* A string out of a fixed set; the table ends with a NULL name. */
struct word {
    const char *name;
    uint64_t value;
};

/* What a string has to look like beyond being one, in words for the error: "an absolute path". */
struct text_rule {
    const char *expected;
    bool (*accepts)(const char *value);
};

struct field {
    const char *name;
    enum field_kind kind;
    size_t offset;
    size_t count;   /* offset of n_x, a size_t, of arrays and maps */
    size_t present; /* offset of a bool that says that the member was given; 0: none */
    bool required;
    bool empty_is_absent; /* the string "" */
    int64_t minimum;      /* of integers, when they are closer than the C type's; both 0: the type's */
    uint64_t maximum;
    bool or_zero;      /* 0 is taken below the minimum too: "not set" */
    const char *range; /* the limits in the error's words, "from -1 to 9223372036854775807" when NULL */
    const char *letters;
    const struct word *words;     /* also of FIELD_STRING and FIELD_STRINGS: the only ones allowed */
    const struct text_rule *rule; /* of FIELD_STRING and FIELD_STRINGS */
    const struct shape *shape;
    /* Rules over the whole member, called with the struct it was decoded into, if that went without a problem. */
    void (*check)(struct decoder *decoder, const struct json_path *path, const void *object);
};

struct shape {
    size_t size;
    const struct field *fields;
    size_t n_fields;
    void (*finish)(struct arena *arena, void *object); /* defaults, when all is decoded; may be NULL */
    const char *closed; /* what is wrong with a member that has no row; NULL: it is ignored */
};

#define SHAPE_FIELDS_LIMIT 32

/* clang-format off */
#define SHAPE(type, table, ...) { sizeof(struct type), (table), sizeof(table) / sizeof((table)[0]), ##__VA_ARGS__ }

/* A member of the C type that the kind asks for: a row that does not fit its struct does not compile. */
#define MEMBER_OF_TYPE(type, member, c_type)                                                                           \
    (offsetof(struct type, member) +                                                                                   \
     0 * sizeof(struct {                                                                                               \
         _Static_assert(__builtin_types_compatible_p(__typeof__(((struct type *) 0)->member), c_type), "field kind");  \
         int unused;                                                                                                   \
     }))

#define ROW(name, kind, type, member, c_type, ...)                                                                     \
    { name, kind, MEMBER_OF_TYPE(type, member, c_type), ##__VA_ARGS__ }

#define STRING(name, type, member, ...)   ROW(name, FIELD_STRING, type, member, const char *, ##__VA_ARGS__)
#define LETTER(name, type, member, ...)   ROW(name, FIELD_LETTER, type, member, char, ##__VA_ARGS__)
#define BOOL(name, type, member, ...)     ROW(name, FIELD_BOOL, type, member, bool, ##__VA_ARGS__)
#define OPT_BOOL(name, type, member, ...) ROW(name, FIELD_OPT_BOOL, type, member, struct opt_bool, ##__VA_ARGS__)
#define I32(name, type, member, ...)      ROW(name, FIELD_I32, type, member, int32_t, ##__VA_ARGS__)
#define I64(name, type, member, ...)      ROW(name, FIELD_I64, type, member, int64_t, ##__VA_ARGS__)
#define U32(name, type, member, ...)      ROW(name, FIELD_U32, type, member, uint32_t, ##__VA_ARGS__)
#define U64(name, type, member, ...)      ROW(name, FIELD_U64, type, member, uint64_t, ##__VA_ARGS__)
#define OPT_I64(name, type, member, ...)  ROW(name, FIELD_OPT_I64, type, member, struct opt_i64, ##__VA_ARGS__)
#define OPT_U32(name, type, member, ...)  ROW(name, FIELD_OPT_U32, type, member, struct opt_u32, ##__VA_ARGS__)
#define OPT_U64(name, type, member, ...)  ROW(name, FIELD_OPT_U64, type, member, struct opt_u64, ##__VA_ARGS__)
/* A limit, of which -1 is none; and the weights of block I/O. */
#define LIMIT(name, type, member)                                                                                      \
    OPT_I64(name, type, member, .minimum = -1, .maximum = INT64_MAX, .range = "from 0 on, or -1 for no limit")
#define WEIGHT(name, type, member)                                                                                     \
    OPT_U32(name, type, member, .minimum = BLOCK_WEIGHT_MIN, .maximum = BLOCK_WEIGHT_MAX, .or_zero = true,             \
            .range = "from 10 to 1000, or 0")
#define ENUM(name, type, member, ...)     ROW(name, FIELD_ENUM, type, member, uint32_t, ##__VA_ARGS__)
#define FLAGS(name, type, member, ...)    ROW(name, FIELD_FLAGS, type, member, uint64_t, ##__VA_ARGS__)

/* With a count, which by the convention of spec.h is called n_MEMBER. */
#define STRINGS(name, type, member, ...)                                                                               \
    ROW(name, FIELD_STRINGS, type, member, const char **, offsetof(struct type, n_##member), ##__VA_ARGS__)
#define U32S(name, type, member, ...)                                                                                  \
    ROW(name, FIELD_U32S, type, member, uint32_t *, offsetof(struct type, n_##member), ##__VA_ARGS__)
#define PAIRS(name, type, member, ...)                                                                                 \
    ROW(name, FIELD_PAIRS, type, member, struct string_pair *, offsetof(struct type, n_##member), ##__VA_ARGS__)

#define OBJECT_ROW(name, kind, type, member, of, ...)                                                                  \
    { name, kind, offsetof(struct type, member), .shape = (of), ##__VA_ARGS__ }

#define OBJECT(name, type, member, of, ...) OBJECT_ROW(name, FIELD_OBJECT, type, member, of, ##__VA_ARGS__)
#define OBJECTS(name, type, member, of, ...)                                                                           \
    OBJECT_ROW(name, FIELD_OBJECTS, type, member, of, .count = offsetof(struct type, n_##member), ##__VA_ARGS__)
#define OBJECT_MAP(name, type, member, of, ...)                                                                        \
    OBJECT_ROW(name, FIELD_OBJECT_MAP, type, member, of, .count = offsetof(struct type, n_##member), ##__VA_ARGS__)
/* OF's offsets count from MEMBER; INLINE_SAME: from the struct itself. */
#define INLINE(name, type, member, of, ...) OBJECT_ROW(name, FIELD_INLINE, type, member, of, ##__VA_ARGS__)
#define INLINE_SAME(name, of, ...)          { name, FIELD_INLINE, 0, .shape = (of), ##__VA_ARGS__ }
/* clang-format on */

/* Decode VALUE, the thing at PATH, into OBJECT, which is zero. */
void decode_object(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                   const struct shape *shape, void *object);

/* Decode VALUE, an array of objects, into the members of OBJECT that FIELD, a row of OBJECTS, tells. */
void decode_list(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                 const struct field *field, void *object);

/* Whether work goes on: no problem yet, or all of them are wanted. */
bool decoder_goes_on(const struct decoder *decoder);
