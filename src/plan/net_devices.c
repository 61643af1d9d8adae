// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * linux.netDevices. The devices are moved by the parent, who is at home where they are, when init stands in its network
 * namespace; init waits, for hooks and sysctls may be about them.
 */
#include <errno.h>
#include <string.h>

#include "plan/plan.h"
#include "sys/compat.h"

enum { NAME_LIMIT = 15 }; /* IFNAMSIZ without the NUL */

static void sync_row(struct planner *planner, enum sync_mode mode, const char *what)
{
    plan_add(planner, OP_SYNC, SIDE_BOTH, "%s", what)->sync.mode = mode;
}

/* dev_valid_name() of the kernel. */
static bool is_name(const char *name)
{
    return *name && strlen(name) <= NAME_LIMIT && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
           !strpbrk(name, "/: \t\n\v\f\r%");
}

/* Or a template of the kernel's: one "%d", for the first number that is free. */
static bool is_new_name(const char *name)
{
    char example[NAME_LIMIT + 2];
    size_t length = strcspn(name, "%");

    if (!name[length] || strlen(name) > NAME_LIMIT)
        return is_name(name);
    memcpy(example, name, strlen(name) + 1);
    if (example[length + 1] != 'd')
        return false;
    memset(example + length, '0', 2);
    return is_name(example);
}

static const char *new_name(const struct spec_net_device *device)
{
    return device->name && *device->name ? device->name : device->host_name;
}

static void check_device(struct planner *planner, size_t index)
{
    const struct spec_net_device *devices = planner->input->spec->linux_->net_devices, *device = &devices[index];

    if (!is_name(device->host_name))
        plan_fail(planner, -EINVAL, "linux.netDevices[\"%s\"]: not a name of a network device", device->host_name);
    if (strcmp(device->host_name, "lo") == 0)
        plan_fail(planner, -EINVAL,
                  "linux.netDevices[\"lo\"]: the loopback device belongs to its network namespace, and "
                  "every one has its own");
    if (!is_new_name(new_name(device)))
        plan_fail(planner, -EINVAL, "linux.netDevices[\"%s\"].name: \"%s\" is not a name of a network device",
                  device->host_name, new_name(device));
    for (size_t i = 0; i < index; i++)
        if (strcmp(new_name(&devices[i]), new_name(device)) == 0 && !strchr(new_name(device), '%'))
            plan_fail(planner, -EINVAL, "linux.netDevices[\"%s\"].name: \"%s\" is the name of another one",
                      device->host_name, new_name(device));
}

static void check(struct planner *planner)
{
    unsigned all = planner->namespaces_new | planner->namespaces_joined;

    if (!(all & CLONE_NEWNET))
        plan_fail(planner, -EINVAL,
                  "linux.netDevices: devices cannot be moved without a network namespace "
                  "(add {\"type\": \"network\"} to linux.namespaces)");
    if (planner->input->host->euid != 0)
        plan_fail(planner, -EPERM, "linux.netDevices: only root can move network devices");
}

void plan_net_devices(struct planner *planner)
{
    const struct spec_linux *lin = planner->input->spec->linux_;

    if (lin->n_net_devices == 0)
        return;
    check(planner);
    sync_row(planner, SYNC_PARENT_WAITS, "namespaces are entered");
    for (size_t i = 0; i < lin->n_net_devices; i++) {
        const struct spec_net_device *device = &lin->net_devices[i];
        struct op *op;

        check_device(planner, i);
        op = plan_add(planner, OP_NET_DEVICE, SIDE_PARENT, "linux.netDevices[\"%s\"]", device->host_name);
        op->net_device.host_name = plan_str(planner, device->host_name);
        op->net_device.name = plan_str(planner, new_name(device));
    }
    sync_row(planner, SYNC_INIT_WAITS, "network devices are moved");
}
