// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The features document (features.md of the OCI runtime specification): what this runtime honours, whatever the host
 * can do. Engines decide by it, so a row says what works today and nothing else; lists come from the tables that the
 * decoder and the planner work with, so that they cannot differ.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/json.h"
#include "cgroup/systemd.h"
#include "container/documents.h"
#include "criu/session.h"
#include "crun.h"
#include "plan/capabilities.h"
#include "plan/mount_options.h"
#include "seccomp/seccomp.h"
#include "spec/shapes.h"
#include "spec/spec.h"

#define OCI_VERSION_MIN "1.0.0"

/* Parts of the specification that are whole or missing. */
static const bool has_idmapped_mounts = true;
static const bool has_intel_rdt = true;
static const bool has_net_devices = true;

/* Annotations by which a config.json changes what the runtime does. A final "." makes it a prefix. */
static const char *const unsafe_annotations[] = { "org.criu.config", "org.systemd.property.", "run.oci." };

static void write_enabled(struct json_writer *w, const char *key, bool enabled)
{
    jw_key(w, key);
    jw_object_begin(w);
    jw_member_bool(w, "enabled", enabled);
    jw_object_end(w);
}

/* The names of a NULL-terminated list that ACCEPTS lets through (NULL: all). */
static void write_names(struct json_writer *w, const char *key, const char *const *names,
                        bool (*accepts)(const char *name))
{
    jw_key(w, key);
    jw_array_begin(w);
    for (; *names; names++)
        if (!accepts || accepts(*names))
            jw_string(w, *names);
    jw_array_end(w);
}

/* The words that field NAME of SHAPE may hold. */
static void write_words(struct json_writer *w, const char *key, const struct shape *shape, const char *name)
{
    jw_key(w, key);
    jw_array_begin(w);
    for (size_t i = 0; i < shape->n_fields; i++) {
        const struct field *field = &shape->fields[i];

        for (const struct word *word = field->words; strcmp(field->name, name) == 0 && word->name; word++)
            jw_string(w, word->name);
    }
    jw_array_end(w);
}

static bool is_honoured_mount_option(const char *name)
{
    return has_idmapped_mounts || (strcmp(name, "idmap") != 0 && strcmp(name, "ridmap") != 0);
}

static void write_hooks(struct json_writer *w)
{
    jw_key(w, "hooks");
    jw_array_begin(w);
    for (unsigned i = 0; i < N_HOOK_KINDS; i++)
        jw_string(w, hook_kind_name((enum hook_kind) i));
    jw_array_end(w);
}

static void write_namespaces(struct json_writer *w)
{
    jw_key(w, "namespaces");
    jw_array_begin(w);
    for (unsigned i = 0; i < N_NAMESPACE_KINDS; i++)
        jw_string(w, namespace_kind_name((enum namespace_kind) i));
    jw_array_end(w);
}

/* The helper is a program of its own, which a package may leave out. */
static bool has_systemd(void)
{
    _cleanup_free_ char *path = NULL;

    return systemd_helper(&path, NULL) >= 0;
}

/* CRIU is another package. */
static bool has_criu(void)
{
    _cleanup_free_ char *path = NULL;

    return criu_find(NULL, &path, NULL) >= 0;
}

static void write_cgroup(struct json_writer *w)
{
    bool systemd = has_systemd();

    jw_key(w, "cgroup");
    jw_object_begin(w);
    jw_member_bool(w, "v1", true);
    jw_member_bool(w, "v2", true);
    jw_member_bool(w, "systemd", systemd);
    jw_member_bool(w, "systemdUser", systemd);
    jw_member_bool(w, "rdma", true);
    jw_object_end(w);
}

static void write_seccomp(struct json_writer *w)
{
    bool enabled = seccomp_library_version() != NULL;

    jw_key(w, "seccomp");
    jw_object_begin(w);
    jw_member_bool(w, "enabled", enabled);
    if (enabled) {
        write_names(w, "actions", seccomp_actions, NULL);
        write_names(w, "operators", seccomp_operators, NULL);
        write_names(w, "archs", seccomp_archs, seccomp_knows_arch);
        write_names(w, "knownFlags", seccomp_flags, NULL);
        write_names(w, "supportedFlags", seccomp_flags, seccomp_has_flag);
    }
    jw_object_end(w);
}

static void write_mount_extensions(struct json_writer *w)
{
    jw_key(w, "mountExtensions");
    jw_object_begin(w);
    write_enabled(w, "idmap", has_idmapped_mounts);
    jw_object_end(w);
}

static void write_memory_policy(struct json_writer *w)
{
    jw_key(w, "memoryPolicy");
    jw_object_begin(w);
    write_words(w, "modes", &shape_memory_policy, "mode");
    write_words(w, "flags", &shape_memory_policy, "flags");
    jw_object_end(w);
}

static void write_linux(struct json_writer *w)
{
    jw_key(w, "linux");
    jw_object_begin(w);
    write_namespaces(w);
    write_names(w, "capabilities", capability_names, NULL);
    write_cgroup(w);
    write_seccomp(w);
    write_enabled(w, "apparmor", true);
    write_enabled(w, "selinux", true);
    write_enabled(w, "intelRdt", has_intel_rdt);
    write_memory_policy(w);
    write_mount_extensions(w);
    write_enabled(w, "netDevices", has_net_devices);
    jw_object_end(w);
}

static void write_annotations(struct json_writer *w)
{
    const char *libseccomp = seccomp_library_version();

    jw_key(w, "annotations");
    jw_object_begin(w);
    if (libseccomp)
        jw_member_string(w, "io.github.seccomp.libseccomp.version", libseccomp);
    jw_member_string(w, "run.oci.crun.checkpoint.enabled", has_criu() ? "true" : "false");
    jw_member_string(w, "run.oci.crun.commit", crun_commit());
    jw_member_string(w, "run.oci.crun.version", crun_version());
    jw_object_end(w);
}

int features_document(char **ret_json, struct error *err)
{
    _cleanup_(jw_done) struct json_writer w;

    jw_init(&w, "  ");
    jw_object_begin(&w);
    jw_member_string(&w, "ociVersionMin", OCI_VERSION_MIN);
    jw_member_string(&w, "ociVersionMax", crun_spec_version());
    write_hooks(&w);
    write_names(&w, "mountOptions", mount_option_names, is_honoured_mount_option);
    write_linux(&w);
    write_annotations(&w);
    jw_member_strings(&w, "potentiallyUnsafeConfigAnnotations", unsafe_annotations,
                      sizeof unsafe_annotations / sizeof unsafe_annotations[0]);
    jw_object_end(&w);
    if (jw_finish(&w, NULL, NULL) < 0)
        return error_errno(err, -ENOMEM, "features");
    *ret_json = w.text;
    w.text = NULL;
    return 0;
}
