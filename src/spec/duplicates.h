// SPDX-License-Identifier: LGPL-2.1-or-later
/* Members that an object of the document has twice. */
#pragma once

#include <json-c/json.h>

#include "spec/load.h"

/* Tell document->warn of each, of 100 at most; TREE is what json-c has made of the text. */
void warn_duplicates(const struct document *document, struct json_object *tree);
