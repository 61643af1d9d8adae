// SPDX-License-Identifier: LGPL-2.1-or-later
/* Decoding of single values: strings, words, booleans, integers. See decode.h for the rules. */
#pragma once

#include "spec/decode.h"

typedef void field_decoder(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                           const struct field *field, void *target);

field_decoder decode_string, decode_letter, decode_bool, decode_opt_bool, decode_integer, decode_enum;

/* An integer of KIND, one of the integer kinds, whatever field->kind is: for arrays of numbers. */
void decode_integer_as(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                       const struct field *field, enum field_kind kind, void *target);

/* The value in field->words that VALUE, a string, names; NULL and a problem when there is none. */
const struct word *decode_word(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                               const struct word *words);

/* A copy of VALUE's text in the arena, checked against the field's words and rule; NULL after a problem. */
const char *decode_text(struct decoder *decoder, const struct json_path *path, struct json_object *value,
                        const struct field *field);
