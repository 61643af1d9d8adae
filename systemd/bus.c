// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The connection. systemd itself listens on a socket of its own, which works without a bus daemon, early and late; only
 * root may use that of the system's manager. Then come the buses. A user's may be told by DBUS_SESSION_BUS_ADDRESS.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "request.h"

#define SERVICE   "org.freedesktop.systemd1"
#define OBJECT    "/org/freedesktop/systemd1"
#define INTERFACE "org.freedesktop.systemd1.Manager"

static int open_direct(sd_bus **ret, const char *path)
{
    sd_bus *bus = NULL;
    char address[256];
    int r = snprintf(address, sizeof address, "unix:path=%s", path) < (int) sizeof address ? 0 : -ENAMETOOLONG;

    if (r >= 0)
        r = sd_bus_new(&bus);
    if (r >= 0)
        r = sd_bus_set_address(bus, address);
    if (r >= 0)
        r = sd_bus_start(bus);
    if (r < 0) {
        sd_bus_unref(bus);
        return r;
    }
    *ret = bus;
    return 0;
}

static int connect_system(sd_bus **ret)
{
    int r = open_direct(ret, "/run/systemd/private");

    return r < 0 ? sd_bus_open_system(ret) : r;
}

static int connect_user(sd_bus **ret)
{
    const char *run = getenv("XDG_RUNTIME_DIR");
    char path[200];
    int r = -ENOENT;

    if (getenv("DBUS_SESSION_BUS_ADDRESS"))
        r = sd_bus_open_user(ret);
    if (r < 0 && run && snprintf(path, sizeof path, "%s/systemd/private", run) < (int) sizeof path)
        r = open_direct(ret, path);
    return r < 0 ? sd_bus_open_user(ret) : r;
}

/* Without it systemd sends no signals over a bus; on its own socket it does, and may not know the method. */
static void subscribe(sd_bus *bus)
{
    sd_bus_call_method(bus, SERVICE, OBJECT, INTERFACE, "Subscribe", NULL, NULL, NULL);
}

static int no_connection(const struct manager *manager, int code, struct error *err)
{
    if (!manager->user && access("/run/systemd/system", F_OK) < 0)
        return error_set(err, -ENOENT,
                         "--cgroup-manager systemd: systemd is not the init system here (no /run/systemd/system); use "
                         "--cgroup-manager cgroupfs");
    if (!manager->user)
        return error_errno(err, code,
                           "--cgroup-manager systemd: connect to systemd (/run/systemd/private, or the "
                           "system bus)");
    return error_errno(err, code,
                       "--cgroup-manager systemd: connect to the user's systemd (XDG_RUNTIME_DIR is \"%s\"; without a "
                       "login session \"loginctl enable-linger\" starts it; --cgroup-manager cgroupfs does without)",
                       getenv("XDG_RUNTIME_DIR") ? getenv("XDG_RUNTIME_DIR") : "");
}

int manager_connect(struct manager *manager, struct error *err)
{
    int r;

    if (manager->bus)
        return 0;
    r = manager->user ? connect_user(&manager->bus) : connect_system(&manager->bus);
    if (r < 0)
        return no_connection(manager, r, err);
    sd_bus_set_method_call_timeout(manager->bus, (uint64_t) manager->timeout_ms * 1000);
    subscribe(manager->bus);
    return 0;
}

void manager_close(struct manager *manager)
{
    holder_end(manager);
    manager->bus = sd_bus_flush_close_unref(manager->bus);
}

int bus_error(struct error *err, int code, const sd_bus_error *error, const char *what)
{
    if (error && error->message)
        return error_set(err, code, "systemd: %s: %s", what, error->message);
    return error_errno(err, code, "systemd: %s", what);
}

sd_bus_message *manager_call_new(struct manager *manager, const char *method, struct error *err)
{
    sd_bus_message *call = NULL;
    int r = sd_bus_message_new_method_call(manager->bus, &call, SERVICE, OBJECT, INTERFACE, method);

    if (r < 0)
        bus_error(err, r, NULL, method);
    return r < 0 ? NULL : call;
}

int manager_call(struct manager *manager, sd_bus_message *call, const char *name, sd_bus_message **ret_reply,
                 sd_bus_error *ret_error, struct error *err)
{
    int r = sd_bus_call(manager->bus, call, (uint64_t) manager->timeout_ms * 1000, ret_error, ret_reply);

    sd_bus_message_unref(call);
    return r < 0 ? bus_error(err, r, ret_error, name) : 0;
}
