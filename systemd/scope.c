// SPDX-License-Identifier: GPL-2.0-or-later
/* The verbs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "plan/gvariant.h"
#include "request.h"

enum { CLEAR_TRIES = 40, CLEAR_PAUSE_MS = 50 };

#define NO_SUCH_UNIT "org.freedesktop.systemd1.NoSuchUnit"
#define UNIT_EXISTS  "org.freedesktop.systemd1.UnitExists"

/* ---- properties ---- */

static bool is_optional(const char *word)
{
    return word[0] == UNIT_PROPERTY_IF_KNOWN[0];
}

/* systemd says of an unknown property that it cannot be set, and does nothing. True: do it again, without the optional ones. */
static bool without_optional(struct manager *manager, const struct request *request, const sd_bus_error *error)
{
    if (manager->old || !sd_bus_error_has_name(error, SD_BUS_ERROR_PROPERTY_READ_ONLY))
        return false;
    for (size_t i = 0; !manager->old && i < request->n_words; i++)
        manager->old = is_optional(request->words[i]);
    return manager->old;
}

static int append_property(struct manager *manager, sd_bus_message *call, const char *word, struct error *err)
{
    if (!is_optional(word))
        return property_append(call, word, err);
    return manager->old ? 0 : property_append(call, word + 1, err);
}

/* ---- start ---- */

static int append_holder(sd_bus_message *call, pid_t pid)
{
    uint32_t number = (uint32_t) pid;
    int r = sd_bus_message_open_container(call, 'r', "sv");

    if (r >= 0)
        r = sd_bus_message_append(call, "sv", "PIDs", "au", 1, number);
    return r < 0 ? r : sd_bus_message_close_container(call);
}

static int append_properties(struct manager *manager, sd_bus_message *call, const struct request *request, pid_t holder,
                             struct error *err)
{
    int r = sd_bus_message_open_container(call, 'a', "(sv)");

    if (r < 0)
        return bus_error(err, r, NULL, request->name);
    for (size_t i = 0; r >= 0 && i < request->n_words; i++)
        r = append_property(manager, call, request->words[i], err);
    if (r < 0)
        return r;
    if (holder)
        r = append_holder(call, holder);
    if (r >= 0)
        r = sd_bus_message_close_container(call);
    return r < 0 ? bus_error(err, r, NULL, request->name) : 0;
}

/* StartTransientUnit(name, mode, properties, auxiliary units) */
static int start_once(struct manager *manager, const struct request *request, sd_bus_error *error, struct error *err)
{
    sd_bus_message *call = manager_call_new(manager, "StartTransientUnit", err);
    int r = call ? sd_bus_message_append(call, "ss", request->name, "fail") : -ENOMEM;

    if (r >= 0)
        r = append_properties(manager, call, request, manager->holder, err);
    if (r >= 0)
        r = sd_bus_message_append(call, "a(sa(sv))", 0);
    if (r >= 0)
        return job_run(manager, call, request->name, error, err);
    sd_bus_message_unref(call);
    return err->code ? err->code : bus_error(err, r, NULL, request->name);
}

static void reset_failed(struct manager *manager, const char *name)
{
    sd_bus_message *call = manager_call_new(manager, "ResetFailedUnit", NULL);

    if (call && sd_bus_message_append(call, "s", name) >= 0)
        sd_bus_call(manager->bus, call, 0, NULL, NULL);
    sd_bus_message_unref(call);
}

/* One that has failed is left over from an earlier container of the name. */
static int start_anew(struct manager *manager, const struct request *request, struct error *err)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    int r = start_once(manager, request, &error, err);

    if (r < 0 && without_optional(manager, request, &error)) {
        sd_bus_error_free(&error);
        *err = (struct error){ 0 };
        r = start_once(manager, request, &error, err);
    }
    if (r < 0 && sd_bus_error_has_name(&error, UNIT_EXISTS)) {
        sd_bus_error_free(&error);
        reset_failed(manager, request->name);
        *err = (struct error){ 0 };
        r = start_once(manager, request, &error, err);
    }
    if (r < 0 && sd_bus_error_has_name(&error, UNIT_EXISTS))
        r = error_set(err, -EEXIST, "systemd: there is a unit \"%s\" already (see: systemctl status %s)", request->name,
                      request->name);
    sd_bus_error_free(&error);
    return r;
}

static int control_group(struct manager *manager, const char *name, char **ret, struct error *err)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    char *path = NULL;
    int r = sd_bus_path_encode("/org/freedesktop/systemd1/unit", name, &path);

    if (r >= 0)
        r = sd_bus_get_property_string(manager->bus, "org.freedesktop.systemd1", path, "org.freedesktop.systemd1.Scope",
                                       "ControlGroup", &error, ret);
    if (r >= 0 && !(*ret)[0])
        r = error_set(err, -ENOENT, "systemd: \"%s\" has no cgroup", name);
    else if (r < 0)
        bus_error(err, r, &error, name);
    sd_bus_error_free(&error);
    free(path);
    return r < 0 ? r : 0;
}

/* What was half done goes away again; nobody waits for that. */
static void give_up(struct manager *manager, const char *name)
{
    sd_bus_message *call = manager_call_new(manager, "StopUnit", NULL);

    holder_end(manager);
    if (call && sd_bus_message_append(call, "ss", name, "replace") >= 0)
        sd_bus_call(manager->bus, call, 0, NULL, NULL);
    sd_bus_message_unref(call);
    reset_failed(manager, name);
}

int scope_start(struct manager *manager, const struct request *request, char **ret_cgroup, struct error *err)
{
    int r = holder_start(manager, err);

    if (r < 0)
        return r;
    r = start_anew(manager, request, err);
    if (r == -EEXIST) { /* somebody else's: it stays */
        holder_end(manager);
        return r;
    }
    if (r >= 0)
        r = control_group(manager, request->name, ret_cgroup, err);
    if (r < 0)
        give_up(manager, request->name);
    return r;
}

/* ---- the others ---- */

/* SetUnitProperties(name, runtime, properties) */
static int set_once(struct manager *manager, const struct request *request, sd_bus_error *error, struct error *err)
{
    sd_bus_message *call = manager_call_new(manager, "SetUnitProperties", err);
    int r = call ? sd_bus_message_append(call, "sb", request->name, 1) : -ENOMEM;

    if (r >= 0)
        r = append_properties(manager, call, request, 0, err);
    if (r >= 0)
        return manager_call(manager, call, request->name, NULL, error, err);
    sd_bus_message_unref(call);
    return r;
}

int scope_set(struct manager *manager, const struct request *request, struct error *err)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    int r = set_once(manager, request, &error, err);

    if (r < 0 && without_optional(manager, request, &error)) {
        sd_bus_error_free(&error);
        *err = (struct error){ 0 };
        r = set_once(manager, request, &error, err);
    }
    sd_bus_error_free(&error);
    return r;
}

/* AttachProcessesToUnit(name, cgroup below it, pids) */
int scope_attach(struct manager *manager, const struct request *request, struct error *err)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message *call = manager_call_new(manager, "AttachProcessesToUnit", err);
    int r =
        call && request->n_words == 2 ? sd_bus_message_append(call, "ss", request->name, request->words[0]) : -EINVAL;

    if (r >= 0)
        r = sd_bus_message_append(call, "au", 1, (uint32_t) strtoul(request->words[1], NULL, 10));
    if (r >= 0)
        r = manager_call(manager, call, request->name, NULL, &error, err);
    else
        sd_bus_message_unref(call);
    sd_bus_error_free(&error);
    return r;
}

/* StopUnit(name, mode) */
int scope_stop(struct manager *manager, const struct request *request, struct error *err)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message *call = manager_call_new(manager, "StopUnit", err);
    int r = call ? sd_bus_message_append(call, "ss", request->name, "replace") : -ENOMEM;

    holder_end(manager);
    if (r >= 0)
        r = job_run(manager, call, request->name, &error, err);
    if (r < 0 && sd_bus_error_has_name(&error, NO_SUCH_UNIT))
        r = 0;
    if (r >= 0)
        reset_failed(manager, request->name);
    sd_bus_error_free(&error);
    return r;
}

/* ---- what is left of a start ---- */

/* Whether NAME has processes; -ENOENT: there is no such unit. */
static int has_processes(struct manager *manager, const char *name, struct error *err)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus_message *reply = NULL, *call = manager_call_new(manager, "GetUnitProcesses", err);
    int r = call ? sd_bus_message_append(call, "s", name) : -ENOMEM;

    if (r >= 0)
        r = manager_call(manager, call, name, &reply, &error, err);
    else
        sd_bus_message_unref(call);
    if (r < 0 && sd_bus_error_has_name(&error, NO_SUCH_UNIT))
        r = -ENOENT;
    if (r >= 0)
        r = sd_bus_message_enter_container(reply, 'a', "(sus)");
    if (r >= 0)
        r = !sd_bus_message_at_end(reply, 0);
    sd_bus_message_unref(reply);
    sd_bus_error_free(&error);
    return r;
}

/* The process that held it has been killed, but may take a moment. Where another's is in it (a unit of that name was there
 * before), it stays. */
int scope_clear(struct manager *manager, const struct request *request, struct error *err)
{
    int r = 1;

    for (int i = 0; i < CLEAR_TRIES && r == 1; i++) {
        if (i > 0)
            nanosleep(&(struct timespec){ .tv_nsec = CLEAR_PAUSE_MS * 1000000L }, NULL);
        r = has_processes(manager, request->name, err);
    }
    if (r == 1)
        return error_set(err, -EBUSY, "systemd: \"%s\" has processes", request->name);
    if (r == -ENOENT) {
        *err = (struct error){ 0 };
        return 0;
    }
    return r < 0 ? r : scope_stop(manager, request, err);
}
