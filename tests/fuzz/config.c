// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as config.json, process and resources document. Beyond memory errors: a failure has a code and one
 * printable line that names the document, `check` agrees with `load`, and of what loads the locator finds every value.
 */
#include <assert.h>
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/utf8.h"
#include "spec/load.h"
#include "spec/locate.h"
#include "spec/parse.h"

static void check_error(const struct error *err)
{
    size_t length = strlen(err->text);

    assert(err->code < 0);
    assert(strncmp(err->text, "config.json:", 12) == 0);
    assert(length + 1 < ERROR_TEXT_SIZE && utf8_check(err->text, length) == length);
    for (size_t i = 0; i < length; i++)
        assert(!iscntrl((unsigned char) err->text[i]));
}

static void check_problem(void *userdata, const struct error *problem)
{
    check_error(problem);
    ++*(int *) userdata;
}

/* Whether the text at a value's place can be a value of its type. */
static int looks_like(enum json_type type, char c)
{
    switch (type) {
    case json_type_null:
        return c == 'n';
    case json_type_boolean:
        return c == 't' || c == 'f';
    case json_type_double:
    case json_type_int:
        return c == '-' || isdigit((unsigned char) c) || c == 'N' || c == 'I';
    case json_type_object:
        return c == '{';
    case json_type_array:
        return c == '[';
    case json_type_string:
        return c == '"';
    }
    return 0;
}

static void check_places(const struct document *document, const struct json_path *path, struct json_object *value)
{
    struct json_path item = { .parent = path };
    size_t offset;

    assert(json_locate(document->text, document->size, path, &offset));
    assert(looks_like(json_object_get_type(value), document->text[offset]));
    assert(json_value_end(document->text, document->size, offset) <= document->size);
    if (json_object_is_type(value, json_type_array))
        for (; item.index < json_object_array_length(value); item.index++)
            check_places(document, &item, json_object_array_get_idx(value, item.index));
    if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, key, member)
        {
            item.key = key;
            check_places(document, &item, member);
        }
    }
}

static void check_locator(const struct document *document)
{
    const struct json_path top = { 0 };
    struct json_object *tree;
    struct error err;

    if (document->size > 4096 || document_parse(document, &tree, &err) < 0)
        return; /* the walk is quadratic */
    check_places(document, &top, tree);
    json_object_put(tree);
}

/* Of duplicates, which are told as often as the document is decoded. */
static void check_warning(void *userdata, const struct error *warning)
{
    check_error(warning);
}

static void check_config(const struct document *document, struct arena *arena)
{
    struct error err = { 0 };
    const struct spec *spec, *checked;
    int r = spec_load(document, arena, &spec, &err), reported = 0;

    if (r < 0)
        check_error(&err);
    else
        assert(spec->oci_version && spec->linux_ && err.code == 0);
    assert(spec_check(document, arena, check_problem, &reported, &checked) == reported);
    assert(!checked || checked->linux_);
    assert((r < 0) == (reported > 0));
}

static void check_others(const struct document *document, struct arena *arena)
{
    const struct spec_resources *resources;
    const struct spec_process *process;
    struct spec_mount *mounts;
    size_t n_mounts;
    struct error err = { 0 };

    if (spec_load_process(document, arena, &process, &err) < 0)
        check_error(&err);
    if (spec_load_resources(document, arena, &resources, &err) < 0)
        check_error(&err);
    if (spec_load_mounts(document, arena, &mounts, &n_mounts, &err) < 0)
        check_error(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct document document = { "config.json", malloc(size + 1), size, .warn = check_warning };
    struct arena arena;
    struct error err;

    if (arena_init(&arena, (size_t) 64 << 20, &err) < 0)
        abort();
    memcpy(document.text, data, size);
    document.text[size] = '\0';
    check_config(&document, &arena);
    check_others(&document, &arena);
    check_locator(&document);
    arena_done(&arena);
    free(document.text);
    return 0;
}
