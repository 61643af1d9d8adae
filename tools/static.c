// SPDX-License-Identifier: GPL-2.0-or-later
/* Can a program be linked with the archives of json-c and the C library? (meson.build) */
#include <json-c/json.h>

int main(int argc, char **argv)
{
    struct json_object *object = json_object_new_string(argv[0]);

    return json_object_put(object) > argc;
}
