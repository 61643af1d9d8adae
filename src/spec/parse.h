// SPDX-License-Identifier: LGPL-2.1-or-later
/* From a document's text to json-c's tree, or to a syntax error that says where and what. */
#pragma once

#include <json-c/json.h>

#include "base/error.h"
#include "spec/load.h"

#define PARSE_DEPTH 64 /* objects and arrays inside one another; a config has 8 */

/* The prefix of every error about an offset of the text: NAME:LINE:COLUMN. */
int document_error(struct error *err, const struct document *document, size_t offset, const char *format, ...)
    _printf_(4, 5);

/* *RET_TREE is freed by json_object_put; the literal null is a NULL tree and no error. */
int document_parse(const struct document *document, struct json_object **ret_tree, struct error *err);

/* The offset of an escaped NUL (\u0000) in the text, or its size: json-c cuts member names there without a word. */
size_t document_find_nul(const struct document *document);
