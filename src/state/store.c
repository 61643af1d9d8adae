// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * state.json: struct state written and read by one table, so that what is written is what is read. The file is
 * replaced by rename: a reader without the lock, and whoever comes after a runtime that was killed, finds the old one
 * or the new one, whole. What is read is checked as outside data is: a damaged file is an error with its place, never
 * a wrong pid to kill or a wrong cgroup to remove.
 *
 * Strings that are not UTF-8 (a bundle's path may be anything) are kept with U+FFFD in place of the odd bytes, as JSON
 * cannot hold them.
 */
#include "state/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "spec/decode.h"
#include "spec/parse.h"
#include "spec/problem.h"
#include "spec/spec.h"
#include "state/id.h"

#define STATE_LIMIT ((size_t) 16 << 20)

/* struct state as the table engine knows it: annotations are pairs there. */
struct stored {
    struct state state;
    struct string_pair *annotations;
    size_t n_annotations;
};

static bool is_absolute(const char *value)
{
    return value[0] == '/';
}

/* The cgroup is going to be signalled and removed: a path that climbs is never ours. */
static bool is_cgroup_path(const char *value)
{
    size_t length = strlen(value);

    return value[0] == '/' && !strstr(value, "/../") && (length < 3 || strcmp(value + length - 3, "/..") != 0);
}

static const struct text_rule absolute = { "an absolute path", is_absolute };
static const struct text_rule cgroup_path = { "an absolute path without \"..\"", is_cgroup_path };

/* clang-format off */
static const struct field cgroup_fields[] = {
    STRING("mount",       cgroup_dir, mount, .required = true, .rule = &absolute),
    STRING("path",        cgroup_dir, path,  .required = true, .rule = &cgroup_path),
    BOOL  ("v2",          cgroup_dir, v2),
    STRING("controllers", cgroup_dir, controllers),
    STRING("above",       cgroup_dir, above, .rule = &cgroup_path),
};
static const struct shape cgroup_shape = SHAPE(cgroup_dir, cgroup_fields);

static const struct field state_fields[] = {
    STRING("ociVersion",      stored, state.oci_version,    .required = true),
    STRING("id",              stored, state.id,             .required = true),
    BOOL  ("creating",        stored, state.creating),
    I32   ("pid",             stored, state.pid,            .minimum = 0, .maximum = INT32_MAX),
    U64   ("pidStartTime",    stored, state.pid_start_time),
    U64   ("pidfdInode",      stored, state.pidfd_inode),
    STRING("bundle",          stored, state.bundle,         .required = true),
    STRING("rootfs",          stored, state.rootfs,         .required = true),
    STRING("created",         stored, state.created,        .required = true),
    STRING("owner",           stored, state.owner,          .required = true),
    U32   ("ownerUid",        stored, state.owner_uid),
    STRING("cgroupManager",   stored, state.cgroup_manager, .required = true),
    { "cgroups", FIELD_OBJECTS, offsetof(struct stored, state.cgroups), offsetof(struct stored, state.n_cgroups),
      .shape = &cgroup_shape },
    STRING("scope",           stored, state.scope),
    PAIRS ("annotations",     stored, annotations),
    BOOL  ("ownPidNamespace", stored, state.own_pid_namespace),
    BOOL  ("detached",        stored, state.detached),
    BOOL  ("noNewKeyring",    stored, state.no_new_keyring),
    STRING("pidFile",         stored, state.pid_file),
    STRING("rdtClass",        stored, state.rdt_class,      .rule = &absolute),
    STRING("rdtMonitor",      stored, state.rdt_monitor,    .rule = &absolute),
    U64   ("idleWeight",      stored, state.idle_weight),
    STRING("seccompAgent",    stored, state.seccomp_agent),
};
static const struct shape state_shape = SHAPE(stored, state_fields);
/* clang-format on */

/* ---- writing: in one line, and without what is false, zero or empty, as it is if absent; `list` reads many of them ---- */

typedef void field_writer(struct json_writer *w, const struct field *field, const void *target);

static void write_fields(struct json_writer *w, const struct shape *shape, const void *object);

/* A required string that the caller has not got is an empty one, so that the file can be read again. */
static void write_string(struct json_writer *w, const struct field *field, const void *target)
{
    const char *value = *(const char *const *) target;

    if (value || field->required)
        jw_member_string(w, field->name, value ? value : "");
}

static void write_bool(struct json_writer *w, const struct field *field, const void *target)
{
    if (*(const bool *) target)
        jw_member_bool(w, field->name, true);
}

static void write_i32(struct json_writer *w, const struct field *field, const void *target)
{
    if (*(const int32_t *) target)
        jw_member_int(w, field->name, *(const int32_t *) target);
}

static void write_u32(struct json_writer *w, const struct field *field, const void *target)
{
    if (*(const uint32_t *) target)
        jw_member_uint(w, field->name, *(const uint32_t *) target);
}

static void write_u64(struct json_writer *w, const struct field *field, const void *target)
{
    if (*(const uint64_t *) target)
        jw_member_uint(w, field->name, *(const uint64_t *) target);
}

static size_t count_of(const struct field *field, const void *target)
{
    return *(const size_t *) ((const char *) target - field->offset + field->count);
}

static void write_objects(struct json_writer *w, const struct field *field, const void *target)
{
    const char *objects = *(const char *const *) target;

    jw_key(w, field->name);
    jw_array_begin(w);
    for (size_t i = 0; i < count_of(field, target); i++)
        write_fields(w, field->shape, objects + i * field->shape->size);
    jw_array_end(w);
}

static void write_pairs(struct json_writer *w, const struct field *field, const void *target)
{
    const struct string_pair *pairs = *(struct string_pair *const *) target;

    if (count_of(field, target) == 0)
        return;
    jw_key(w, field->name);
    jw_object_begin(w);
    for (size_t i = 0; i < count_of(field, target); i++)
        jw_member_string(w, pairs[i].key, pairs[i].value);
    jw_object_end(w);
}

static field_writer *const writers[N_FIELD_KINDS] = {
    [FIELD_STRING] = write_string, [FIELD_BOOL] = write_bool, [FIELD_I32] = write_i32,
    [FIELD_U32] = write_u32,       [FIELD_U64] = write_u64,   [FIELD_OBJECTS] = write_objects,
    [FIELD_PAIRS] = write_pairs,
};

static void write_fields(struct json_writer *w, const struct shape *shape, const void *object)
{
    jw_object_begin(w);
    for (size_t i = 0; i < shape->n_fields; i++)
        writers[shape->fields[i].kind](w, &shape->fields[i], (const char *) object + shape->fields[i].offset);
    jw_object_end(w);
}

/* The annotations as pairs, malloc'd; NULL when memory runs out (or there are none). */
static struct string_pair *annotation_pairs(const struct state *state)
{
    struct string_pair *pairs = calloc(state->n_annotations, sizeof *pairs);

    for (size_t i = 0; pairs && i < state->n_annotations; i++)
        pairs[i] = (struct string_pair){ state->annotation_keys[i], state->annotation_values[i] };
    return pairs;
}

int state_write(int dir_fd, const struct state *state, struct error *err)
{
    _cleanup_free_ struct string_pair *pairs = annotation_pairs(state);
    struct stored stored = { *state, pairs, pairs ? state->n_annotations : 0 };
    _cleanup_(jw_done) struct json_writer w;
    const char *text;
    size_t size;
    int r;

    jw_init(&w, NULL);
    write_fields(&w, &state_shape, &stored);
    jw_newline(&w);
    r = state->n_annotations > 0 && !pairs ? -ENOMEM : jw_finish(&w, &text, &size);
    if (r == 0)
        r = size > STATE_LIMIT ? -EFBIG : file_replace(dir_fd, STATE_FILE, text, size, 0600);
    return r < 0 ? error_errno(err, r, "container \"%s\": write " STATE_FILE, state->id) : 0;
}

/* ---- reading ---- */

static void take_annotations(struct stored *stored, struct arena *arena)
{
    struct state *state = &stored->state;
    size_t n = stored->n_annotations;

    if (n == 0)
        return;
    state->annotation_keys = arena_new(arena, const char *, n);
    state->annotation_values = arena_new(arena, const char *, n);
    if (arena->failed)
        return;
    for (size_t i = 0; i < n; i++) {
        state->annotation_keys[i] = stored->annotations[i].key;
        state->annotation_values[i] = stored->annotations[i].value;
    }
    state->n_annotations = n;
}

static void decode(struct decoder *decoder, struct json_object *tree, const char *id, struct stored *stored)
{
    const struct json_path top = { 0 };
    const struct json_path at_id = { .parent = &top, .name = "id", .key = "id" };

    decode_object(decoder, &top, tree, &state_shape, stored);
    if (!decoder_goes_on(decoder) || decoder->arena->failed)
        return;
    if (id && strcmp(stored->state.id, id) != 0)
        problem(decoder, &at_id, "is not the id of this container");
    else if (state_check_id(stored->state.id, NULL) < 0)
        problem(decoder, &at_id, "is not a container id");
    take_annotations(stored, decoder->arena);
}

static int parse(const struct document *document, const char *id, struct stored *stored, struct arena *arena,
                 struct error *err)
{
    struct decoder decoder = { .document = document, .arena = arena, .err = err };
    struct json_object *tree;
    int r = document_parse(document, &tree, err);

    if (r < 0)
        return r;
    decode(&decoder, tree, id, stored);
    json_object_put(tree);
    if (arena->failed)
        return error_errno(err, -ENOMEM, STATE_FILE);
    return decoder_goes_on(&decoder) ? 0 : -EINVAL;
}

int state_parse(const char *text, size_t size, const char *id, struct state *ret_state, struct arena *arena,
                struct error *err)
{
    const struct document document = { .name = STATE_FILE, .text = (char *) text, .size = size };
    struct stored stored = { 0 };
    struct error ignored;
    int r = parse(&document, id, &stored, arena, err ? err : &ignored);

    if (r == 0)
        *ret_state = stored.state;
    return r;
}

static bool is_no_file(int dir_fd, const char *path)
{
    struct stat st;

    return fstatat(dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode);
}

/* Only a regular file of ours: a fifo in its place would make us wait for ever, a link lead elsewhere. */
static int read_file(int dir_fd, const char *path, char **ret_text, size_t *ret_size)
{
    _cleanup_close_ int fd = openat(dir_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 && errno != ENOENT && is_no_file(dir_fd, path))
        return -EBADF;
    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    return S_ISREG(st.st_mode) ? fd_read_sized(fd, (size_t) st.st_size, STATE_LIMIT, ret_text, ret_size) : -EBADF;
}

static int read_state(int dir_fd, const char *path, const char *id, struct state *ret_state, struct arena *arena,
                      struct error *err)
{
    _cleanup_free_ char *text = NULL;
    const char *whose = id ? id : "?";
    size_t size;
    int r = read_file(dir_fd, path, &text, &size);

    *ret_state = (struct state){ 0 };
    if (r == -ENOENT)
        return r;
    if (r == -EFBIG)
        return error_set(err, -EINVAL, "container \"%s\": " STATE_FILE ": larger than 16 MiB", whose);
    if (r == -EBADF)
        return error_set(err, -EINVAL, "container \"%s\": " STATE_FILE " is not a file", whose);
    if (r < 0)
        return error_errno(err, r, "container \"%s\": read " STATE_FILE, whose);
    r = state_parse(text, size, id, ret_state, arena, err);
    if (r < 0)
        error_prefix(err, "container \"%s\"", whose);
    return r;
}

int state_read(int dir_fd, const char *id, struct state *ret_state, struct arena *arena, struct error *err)
{
    return read_state(dir_fd, STATE_FILE, id, ret_state, arena, err);
}

int state_look(int root_fd, const char *id, struct state *ret_state, struct arena *arena, struct error *err)
{
    char path[ID_PATH_SIZE];
    int r = id_path(id, STATE_FILE, path, err);

    return r < 0 ? r : read_state(root_fd, path, id, ret_state, arena, err);
}
