// SPDX-License-Identifier: GPL-2.0-or-later
/* "Name=value" as it stands in a plan, into a message: the text of the value tells its type. */
#include <errno.h>
#include <string.h>

#include "plan/gvariant.h"
#include "request.h"

enum { NAME_LIMIT = 128 };

static int basic(void *userdata, char type, const void *value)
{
    return sd_bus_message_append_basic(userdata, type, value);
}

static int open_(void *userdata, char type, const char *contents)
{
    return sd_bus_message_open_container(userdata, type, contents);
}

static int close_(void *userdata)
{
    return sd_bus_message_close_container(userdata);
}

static int append_value(sd_bus_message *message, const char *text, struct error *err)
{
    const struct gvariant_sink sink = { message, basic, open_, close_ };
    char signature[GVARIANT_SIGNATURE_SIZE];
    int r = gvariant_signature(text, signature, err);

    if (r < 0)
        return r;
    r = sd_bus_message_open_container(message, 'v', signature);
    if (r >= 0)
        r = gvariant_walk(text, &sink, err);
    else
        return error_errno(err, r, "a value of type \"%s\"", signature);
    return r < 0 ? r : sd_bus_message_close_container(message);
}

int property_append(sd_bus_message *message, const char *property, struct error *err)
{
    const char *value = strchr(property, '=');
    char name[NAME_LIMIT];
    int r;

    if (!value || value - property >= NAME_LIMIT)
        return error_set(err, -EINVAL, "\"%.100s\" is not a property", property);
    memcpy(name, property, (size_t) (value - property));
    name[value - property] = '\0';
    r = sd_bus_message_open_container(message, 'r', "sv");
    if (r >= 0)
        r = sd_bus_message_append_basic(message, 's', name);
    if (r < 0)
        return error_errno(err, r, "property \"%s\"", name);
    r = append_value(message, value + 1, err);
    if (r < 0)
        return error_prefix(err, "property \"%s\"", name);
    return sd_bus_message_close_container(message);
}
