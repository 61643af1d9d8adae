// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Device nodes: the defaults of the specification, those of linux.devices (which override a default of the same
 * path), and the links. In a user namespace nobody may make nodes: the host's are bound instead. When /dev is a bind
 * mount it is somebody else's and nothing is made in it.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "plan/mount_options.h"
#include "plan/plan.h"

enum { CAPABILITY_MKNOD = 27 };

struct default_device {
    const char *path;
    unsigned major, minor;
};

static const struct default_device default_devices[] = {
    {"/dev/null",     1, 3},
    { "/dev/zero",    1, 5},
    { "/dev/full",    1, 7},
    { "/dev/random",  1, 8},
    { "/dev/urandom", 1, 9},
    { "/dev/tty",     5, 0},
};

static const char *const default_links[][2] = {
    {"/proc/self/fd",    "/dev/fd"    },
    { "/proc/self/fd/0", "/dev/stdin" },
    { "/proc/self/fd/1", "/dev/stdout"},
    { "/proc/self/fd/2", "/dev/stderr"},
    { "pts/ptmx",        "/dev/ptmx"  },
};

static bool binds_devices(const struct planner *planner)
{
    const struct host *host = planner->input->host;

    return planner->user_namespace || host->in_user_namespace || !(host->capabilities >> CAPABILITY_MKNOD & 1);
}

static bool is_dev(const char *path)
{
    return strcmp(path, "/dev") == 0 || strcmp(path, "/dev/") == 0;
}

static bool dev_is_bound(const struct planner *planner)
{
    const struct spec *spec = planner->input->spec;

    for (size_t i = 0; i < spec->n_mounts; i++) {
        const struct spec_mount *mount = &spec->mounts[i];

        if (!is_dev(mount->destination))
            continue;
        if (mount->type && strcmp(mount->type, "bind") == 0)
            return true;
        for (size_t k = 0; k < mount->n_options; k++)
            if (strcmp(mount->options[k], "bind") == 0 || strcmp(mount->options[k], "rbind") == 0)
                return true;
    }
    return false;
}

static unsigned type_bits(char type)
{
    return type == 'b' ? S_IFBLK : type == 'p' ? S_IFIFO : S_IFCHR;
}

/* A default that the host has not is nobody's wish; but without /dev/null programs write files of that name. */
static void add_bound(struct planner *planner, const struct spec_device *device, const char *what, bool listed)
{
    struct op *op = plan_add(planner, OP_DEVICE_BIND, SIDE_INIT, "%s", what);

    op->device_bind.path = plan_str(planner, device->path);
    op->device_bind.optional = listed || strcmp(device->path, "/dev/null") == 0 ? DEVICE_REQUIRED : DEVICE_OPTIONAL;
    op->device_bind.mode = type_bits(device->type);
    op->device_bind.major = device->major.value;
    op->device_bind.minor = device->minor.value;
}

static void add_device(struct planner *planner, const struct spec_device *device, const char *what, bool listed)
{
    struct op *op;

    if (binds_devices(planner) && device->type != 'p') {
        add_bound(planner, device, what, listed);
        return;
    }
    op = plan_add(planner, OP_DEVICE, SIDE_INIT, "%s", what);
    op->device.path = plan_str(planner, device->path);
    op->device.mode = type_bits(device->type) | (device->file_mode.set ? device->file_mode.value & 07777 : 0666);
    op->device.major = device->major.value;
    op->device.minor = device->minor.value;
    op->device.uid = device->uid.set ? device->uid.value : 0;
    op->device.gid = device->gid.set ? device->gid.value : 0;
}

static bool is_listed(const struct planner *planner, const char *path)
{
    const struct spec_linux *lin = planner->input->spec->linux_;

    for (size_t i = 0; i < lin->n_devices; i++)
        if (strcmp(lin->devices[i].path, path) == 0)
            return true;
    return false;
}

static void add_defaults(struct planner *planner)
{
    for (size_t i = 0; i < sizeof default_devices / sizeof default_devices[0]; i++) {
        const struct default_device *d = &default_devices[i];
        struct spec_device device = {
            .path = d->path, .type = 'c', .major = {true,  d->major},
                    .minor = { true, d->minor}
        };

        if (!is_listed(planner, d->path))
            add_device(planner, &device, arena_printf(planner->arena, "default device \"%s\"", d->path), false);
    }
}

/* The same device again does no harm. */
static bool is_same(const struct spec_device *a, const struct spec_device *b)
{
    bool numbers = a->major.value == b->major.value && a->minor.value == b->minor.value;

    return type_bits(a->type) == type_bits(b->type) && (numbers || a->type == 'p');
}

static void check_unique(struct planner *planner, size_t at)
{
    const struct spec_device *devices = planner->input->spec->linux_->devices;

    for (size_t i = 0; i < at; i++)
        if (strcmp(devices[i].path, devices[at].path) == 0 && !is_same(&devices[i], &devices[at])) {
            plan_fail(planner, -EEXIST, "linux.devices[%zu].path: linux.devices[%zu] puts another device at \"%s\"", at,
                      i, devices[at].path);
            return;
        }
}

static void add_listed(struct planner *planner)
{
    const struct spec_linux *lin = planner->input->spec->linux_;

    for (size_t i = 0; i < lin->n_devices; i++)
        check_unique(planner, i);
    for (size_t i = 0; i < lin->n_devices; i++)
        add_device(planner, &lin->devices[i],
                   arena_printf(planner->arena, "linux.devices[%zu] \"%s\"", i, lin->devices[i].path), true);
}

static void note_bound(struct planner *planner)
{
    if (binds_devices(planner))
        plan_note(planner, "devices: %s, the host's are bound with their own modes and owners",
                  planner->user_namespace || planner->input->host->in_user_namespace
                      ? "in a user namespace nobody may make them"
                      : "they are made with CAP_MKNOD, which the caller has not");
}

static void add_links(struct planner *planner)
{
    for (size_t i = 0; i < sizeof default_links / sizeof default_links[0]; i++) {
        struct op *op = plan_add(planner, OP_SYMLINK, SIDE_INIT, "default link \"%s\"", default_links[i][1]);

        op->symlink.target = plan_str(planner, default_links[i][0]);
        op->symlink.path = plan_str(planner, default_links[i][1]);
    }
}

void plan_devices(struct planner *planner)
{
    if (dev_is_bound(planner))
        return;
    note_bound(planner);
    add_defaults(planner);
    add_listed(planner);
    add_links(planner);
}
