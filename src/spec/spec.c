// SPDX-License-Identifier: LGPL-2.1-or-later
/* The document's top level, and the four kinds of documents; see load.h. json-c's tree is gone when they return. */
#include "spec/spec.h"

#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "spec/duplicates.h"
#include "spec/load.h"
#include "spec/parse.h"
#include "spec/shapes.h"

static const struct field fields[] = {
    STRING("ociVersion", spec, oci_version, .required = true, .rule = &rule_oci_version),
    OBJECT("root", spec, root, &shape_root),
    OBJECT("process", spec, process, &shape_process),
    STRING("hostname", spec, hostname, .rule = &rule_node_name),
    STRING("domainname", spec, domainname, .rule = &rule_node_name),
    OBJECTS("mounts", spec, mounts, &shape_mount),
    INLINE_SAME("hooks", &shape_hooks),
    PAIRS("annotations", spec, annotations),
    OBJECT("linux", spec, linux_, &shape_linux),
};

static void default_linux(struct arena *arena, void *object)
{
    struct spec *spec = object;

    if (!spec->linux_)
        spec->linux_ = arena_new(arena, struct spec_linux, 1);
}

const struct shape shape_spec = SHAPE(spec, fields, default_linux);

static void tree_freep(struct json_object **tree)
{
    json_object_put(*tree);
}

/* A NUL that nothing of ours read: in a name, which json-c cuts there, or in a field that we do not know. */
static int check_nul(struct decoder *decoder)
{
    const struct document *document = decoder->document;
    size_t at = document_find_nul(document);
    struct error problem;

    if (at == document->size || decoder->n_problems > 0)
        return 0;
    decoder->n_problems++;
    document_error(decoder->report ? &problem : decoder->err, document, at, "a NUL character in a string");
    if (decoder->report)
        decoder->report(decoder->userdata, &problem);
    return -EINVAL;
}

/* The document of `mounts add`: the array itself. */
static const struct field mount_list = OBJECTS("mounts", spec, mounts, &shape_mount);

/* Decode the whole document into a new object of SHAPE, or into the members of LIST; NULL if there is no such thing in it.
 * After a problem the object is what could be decoded. */
static void *decode_document(struct decoder *decoder, const struct shape *shape, const struct field *list,
                             struct error *err)
{
    _cleanup_(tree_freep) struct json_object *tree = NULL;
    const struct json_path top = { 0 };
    void *object;

    if (document_parse(decoder->document, &tree, err) < 0)
        return NULL;
    warn_duplicates(decoder->document, tree);
    object = arena_alloc(decoder->arena, 1, shape->size);
    if (object && list)
        decode_list(decoder, &top, tree, list, object);
    else if (object)
        decode_object(decoder, &top, tree, shape, object);
    check_nul(decoder);
    if (decoder->arena->failed)
        error_errno(err, -ENOMEM, "%s", decoder->document->name);
    return decoder->arena->failed ? NULL : object;
}

static int load(const struct document *document, const struct shape *shape, const struct field *list,
                struct arena *arena, const void **ret_object, struct error *err)
{
    struct error own = { 0 };
    struct decoder decoder = { .document = document, .arena = arena, .err = err ? err : &own };
    void *object = decode_document(&decoder, shape, list, decoder.err);

    if (!object || decoder.n_problems > 0)
        return decoder.err->code;
    *ret_object = object;
    return 0;
}

int spec_load(const struct document *document, struct arena *arena, const struct spec **ret_spec, struct error *err)
{
    const void *object;
    int r = load(document, &shape_spec, NULL, arena, &object, err);

    if (r == 0)
        *ret_spec = object;
    return r;
}

int spec_load_process(const struct document *document, struct arena *arena, const struct spec_process **ret_process,
                      struct error *err)
{
    const void *object;
    int r = load(document, &shape_process, NULL, arena, &object, err);

    if (r == 0)
        *ret_process = object;
    return r;
}

int spec_load_resources(const struct document *document, struct arena *arena,
                        const struct spec_resources **ret_resources, struct error *err)
{
    const void *object;
    int r = load(document, &shape_resources, NULL, arena, &object, err);

    if (r == 0)
        *ret_resources = object;
    return r;
}

int spec_load_mounts(const struct document *document, struct arena *arena, struct spec_mount **ret_mounts,
                     size_t *ret_n, struct error *err)
{
    const void *object;
    const struct spec *spec;
    int r = load(document, &shape_spec, &mount_list, arena, &object, err);

    if (r < 0)
        return r;
    spec = object;
    *ret_mounts = spec->mounts;
    *ret_n = spec->n_mounts;
    return 0;
}

int spec_check(const struct document *document, struct arena *arena,
               void (*report)(void *userdata, const struct error *problem), void *userdata,
               const struct spec **ret_spec)
{
    struct error err = { 0 };
    struct decoder decoder = { document, arena, &err, report, userdata };
    const struct spec *spec = decode_document(&decoder, &shape_spec, NULL, &err);

    *ret_spec = err.code == 0 && spec && spec->linux_ ? spec : NULL;
    if (err.code == 0)
        return (int) decoder.n_problems;
    report(userdata, &err);
    return (int) decoder.n_problems + 1;
}

const char *spec_annotation(const struct spec *spec, const char *key)
{
    for (size_t i = 0; i < spec->n_annotations; i++)
        if (strcmp(spec->annotations[i].key, key) == 0)
            return spec->annotations[i].value;
    return NULL;
}

bool spec_annotation_is_on(const struct spec *spec, const char *key)
{
    const char *value = spec_annotation(spec, key);

    return value && (strcmp(value, "1") == 0 || strcmp(value, "true") == 0 || strcmp(value, "yes") == 0);
}
