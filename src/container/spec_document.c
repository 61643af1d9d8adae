// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The config.json to start from. It is the one that people who come from other runtimes expect: a terminal with a shell,
 * a read-only root file system, three capabilities and no way to more, no device but the default ones.
 *
 * Without root it differs where the kernel does: a user namespace maps only the caller, so no other group can own
 * terminals (devpts without gid=5) and no limits are asked for; sysfs needs a network namespace of its own to be
 * mounted, and a user could do nothing with one, so the host's network is kept and /sys is bound.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "container/documents.h"
#include "crun.h"
#include "spec/spec.h"

#define LENGTH(table) (sizeof(table) / sizeof((table)[0]))

enum audience { ALWAYS, ROOT_ONLY, ROOTLESS_ONLY };

#define N_MOUNT_OPTIONS 8

static const struct {
    const char *destination, *type, *source, *options[N_MOUNT_OPTIONS];
    enum audience audience;
} mounts[] = {
  /* clang-format off */
    { "/proc",          "proc",   "proc",   { NULL }, ALWAYS },
    { "/dev",           "tmpfs",  "tmpfs",  { "nosuid", "strictatime", "mode=755", "size=65536k" }, ALWAYS },
    { "/dev/pts",       "devpts", "devpts", { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" }, ROOT_ONLY },
    { "/dev/pts",       "devpts", "devpts", { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620" }, ROOTLESS_ONLY },
    { "/dev/shm",       "tmpfs",  "shm",    { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" }, ALWAYS },
    { "/dev/mqueue",    "mqueue", "mqueue", { "nosuid", "noexec", "nodev" }, ALWAYS },
    { "/sys",           "sysfs",  "sysfs",  { "nosuid", "noexec", "nodev", "ro" }, ROOT_ONLY },
    { "/sys",           "none",   "/sys",   { "rbind", "nosuid", "noexec", "nodev", "ro" }, ROOTLESS_ONLY },
    { "/sys/fs/cgroup", "cgroup", "cgroup", { "nosuid", "noexec", "nodev", "relatime", "ro" }, ALWAYS },
  /* clang-format on */
};

static const struct {
    enum namespace_kind kind;
    enum audience audience;
} namespaces[] = {
    {NAMESPACE_PID,      ALWAYS       },
    { NAMESPACE_NETWORK, ROOT_ONLY    },
    { NAMESPACE_IPC,     ALWAYS       },
    { NAMESPACE_UTS,     ALWAYS       },
    { NAMESPACE_MOUNT,   ALWAYS       },
    { NAMESPACE_CGROUP,  ALWAYS       },
    { NAMESPACE_USER,    ROOTLESS_ONLY},
};

static const char *const args[] = { "sh" };
static const char *const env[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm" };
static const char *const capabilities[] = { "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE" };
static const char *const capability_sets[] = { "bounding", "effective", "permitted" };
static const char *const masked_paths[] = {
    "/proc/acpi",
    "/proc/asound",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
};
static const char *const readonly_paths[] = {
    "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

static bool is_for(enum audience audience, bool rootless)
{
    return audience == ALWAYS || (audience == ROOTLESS_ONLY) == rootless;
}

static void write_user(struct json_writer *w)
{
    jw_key(w, "user");
    jw_object_begin(w);
    jw_member_uint(w, "uid", 0);
    jw_member_uint(w, "gid", 0);
    jw_object_end(w);
}

static void write_capabilities(struct json_writer *w)
{
    jw_key(w, "capabilities");
    jw_object_begin(w);
    for (size_t i = 0; i < LENGTH(capability_sets); i++)
        jw_member_strings(w, capability_sets[i], capabilities, LENGTH(capabilities));
    jw_object_end(w);
}

/* Whoever cannot raise a limit asks for none: the caller's may be lower than any number here. */
static void write_rlimits(struct json_writer *w, bool rootless)
{
    if (rootless)
        return;
    jw_key(w, "rlimits");
    jw_array_begin(w);
    jw_object_begin(w);
    jw_member_string(w, "type", "RLIMIT_NOFILE");
    jw_member_uint(w, "hard", 1024);
    jw_member_uint(w, "soft", 1024);
    jw_object_end(w);
    jw_array_end(w);
}

static void write_process(struct json_writer *w, bool rootless)
{
    jw_key(w, "process");
    jw_object_begin(w);
    jw_member_bool(w, "terminal", true);
    write_user(w);
    jw_member_strings(w, "args", args, LENGTH(args));
    jw_member_strings(w, "env", env, LENGTH(env));
    jw_member_string(w, "cwd", "/");
    write_capabilities(w);
    write_rlimits(w, rootless);
    jw_member_bool(w, "noNewPrivileges", true);
    jw_object_end(w);
}

static void write_root(struct json_writer *w)
{
    jw_key(w, "root");
    jw_object_begin(w);
    jw_member_string(w, "path", "rootfs");
    jw_member_bool(w, "readonly", true);
    jw_object_end(w);
}

static void write_mount(struct json_writer *w, size_t i)
{
    size_t n = 0;

    while (n < N_MOUNT_OPTIONS && mounts[i].options[n])
        n++;
    jw_object_begin(w);
    jw_member_string(w, "destination", mounts[i].destination);
    jw_member_string(w, "type", mounts[i].type);
    jw_member_string(w, "source", mounts[i].source);
    if (n > 0)
        jw_member_strings(w, "options", mounts[i].options, n);
    jw_object_end(w);
}

static void write_mounts(struct json_writer *w, bool rootless)
{
    jw_key(w, "mounts");
    jw_array_begin(w);
    for (size_t i = 0; i < LENGTH(mounts); i++)
        if (is_for(mounts[i].audience, rootless))
            write_mount(w, i);
    jw_array_end(w);
}

static void write_mapping(struct json_writer *w, const char *key, uint32_t id)
{
    jw_key(w, key);
    jw_array_begin(w);
    jw_object_begin(w);
    jw_member_uint(w, "containerID", 0);
    jw_member_uint(w, "hostID", id);
    jw_member_uint(w, "size", 1);
    jw_object_end(w);
    jw_array_end(w);
}

/* No device may be used; the runtime adds what every container has. */
static void write_resources(struct json_writer *w)
{
    jw_key(w, "resources");
    jw_object_begin(w);
    jw_key(w, "devices");
    jw_array_begin(w);
    jw_object_begin(w);
    jw_member_bool(w, "allow", false);
    jw_member_string(w, "access", "rwm");
    jw_object_end(w);
    jw_array_end(w);
    jw_object_end(w);
}

static void write_namespaces(struct json_writer *w, bool rootless)
{
    jw_key(w, "namespaces");
    jw_array_begin(w);
    for (size_t i = 0; i < LENGTH(namespaces); i++) {
        if (!is_for(namespaces[i].audience, rootless))
            continue;
        jw_object_begin(w);
        jw_member_string(w, "type", namespace_kind_name(namespaces[i].kind));
        jw_object_end(w);
    }
    jw_array_end(w);
}

static void write_linux(struct json_writer *w, bool rootless)
{
    jw_key(w, "linux");
    jw_object_begin(w);
    if (rootless) {
        write_mapping(w, "uidMappings", geteuid());
        write_mapping(w, "gidMappings", getegid());
    } else {
        write_resources(w);
    }
    write_namespaces(w, rootless);
    jw_member_strings(w, "maskedPaths", masked_paths, LENGTH(masked_paths));
    jw_member_strings(w, "readonlyPaths", readonly_paths, LENGTH(readonly_paths));
    jw_object_end(w);
}

int spec_document(bool rootless, char **ret_json, struct error *err)
{
    _cleanup_(jw_done) struct json_writer w;

    jw_init(&w, "\t");
    jw_object_begin(&w);
    jw_member_string(&w, "ociVersion", crun_spec_version());
    write_process(&w, rootless);
    write_root(&w);
    jw_member_string(&w, "hostname", "crun");
    write_mounts(&w, rootless);
    write_linux(&w, rootless);
    jw_object_end(&w);
    if (jw_finish(&w, NULL, NULL) < 0)
        return error_errno(err, -ENOMEM, "config.json");
    *ret_json = w.text;
    w.text = NULL;
    return 0;
}
