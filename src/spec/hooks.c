// SPDX-License-Identifier: LGPL-2.1-or-later
/* "hooks": six kinds, each an array of programs. They run as the runtime, so only an absolute path is taken. */
#include "spec/shapes.h"
#include "spec/spec.h"

static const struct field hook_fields[] = {
    STRING("path", spec_hook, path, .required = true, .rule = &rule_absolute_path),
    STRINGS("args", spec_hook, args),
    STRINGS("env", spec_hook, env, .present = offsetof(struct spec_hook, has_env)),
    OPT_I64("timeout", spec_hook, timeout, .minimum = 1, .maximum = INT64_MAX),
};

static const struct shape shape_hook = SHAPE(spec_hook, hook_fields);

#define HOOKS(name, kind)                                                                                              \
    {                                                                                                                  \
        name, FIELD_OBJECTS, offsetof(struct spec, hooks[kind].hooks), offsetof(struct spec, hooks[kind].n_hooks),     \
            .shape = &shape_hook                                                                                       \
    }

static const struct field fields[] = {
    HOOKS("prestart", HOOK_PRESTART),
    HOOKS("createRuntime", HOOK_CREATE_RUNTIME),
    HOOKS("createContainer", HOOK_CREATE_CONTAINER),
    HOOKS("startContainer", HOOK_START_CONTAINER),
    HOOKS("poststart", HOOK_POSTSTART),
    HOOKS("poststop", HOOK_POSTSTOP),
};

const struct shape shape_hooks = SHAPE(spec, fields);

const char *hook_kind_name(enum hook_kind kind)
{
    return fields[kind].name; /* the rows stand in the order of the enum */
}
