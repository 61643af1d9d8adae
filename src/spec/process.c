// SPDX-License-Identifier: LGPL-2.1-or-later
/* "process", which is also the document of `exec --process`. */
#include "spec/shapes.h"
#include "spec/spec.h"

static const struct field console_fields[] = {
    OPT_U64("height", spec_process, console_height, .required = true, .maximum = UINT16_MAX), /* struct winsize */
    OPT_U64("width", spec_process, console_width, .required = true, .maximum = UINT16_MAX),
};

static const struct shape shape_console = SHAPE(spec_process, console_fields);

static const struct field user_fields[] = {
    U32("uid", spec_process, uid),
    U32("gid", spec_process, gid),
    OPT_U32("umask", spec_process, umask, .maximum = 0777),
    U32S("additionalGids", spec_process, additional_gids),
    STRING("username", spec_process, username),
};

static const struct shape shape_user = SHAPE(spec_process, user_fields);

static const struct field capabilities_fields[] = {
    STRINGS("bounding", spec_capabilities, bounding),   STRINGS("effective", spec_capabilities, effective),
    STRINGS("permitted", spec_capabilities, permitted), STRINGS("inheritable", spec_capabilities, inheritable),
    STRINGS("ambient", spec_capabilities, ambient),
};

static const struct shape shape_capabilities = SHAPE(spec_capabilities, capabilities_fields);

static const struct field rlimit_fields[] = {
    STRING("type", spec_rlimit, type, .required = true, .rule = &rule_rlimit_name),
    U64("soft", spec_rlimit, soft, .required = true),
    U64("hard", spec_rlimit, hard, .required = true),
};

static const struct shape shape_rlimit = SHAPE(spec_rlimit, rlimit_fields);

/* The kernel's numbers, <linux/ioprio.h>. */
/* clang-format off */
static const struct word io_classes[] = {
    { "IOPRIO_CLASS_RT",   1 },
    { "IOPRIO_CLASS_BE",   2 },
    { "IOPRIO_CLASS_IDLE", 3 },
    { NULL },
};
/* clang-format on */

static const struct field io_priority_fields[] = {
    ENUM("class", spec_io_priority, class, .required = true, .words = io_classes),
    I32("priority", spec_io_priority, priority, .maximum = 7), /* ioprio_set(2) */
};

static const struct shape shape_io_priority = SHAPE(spec_io_priority, io_priority_fields);

static const struct field affinity_fields[] = {
    STRING("initial", spec_process, affinity_initial, .rule = &rule_cpu_list),
    STRING("final", spec_process, affinity_final, .rule = &rule_cpu_list),
};

static const struct shape shape_affinity = SHAPE(spec_process, affinity_fields);

static const struct field fields[] = {
    BOOL("terminal", spec_process, terminal),
    INLINE_SAME("consoleSize", &shape_console),
    INLINE_SAME("user", &shape_user),
    STRINGS("args", spec_process, args),
    STRING("commandLine", spec_process, command_line),
    STRINGS("env", spec_process, env, .rule = &rule_variable),
    STRING("cwd", spec_process, cwd, .required = true, .rule = &rule_absolute_path),
    OBJECT("capabilities", spec_process, capabilities, &shape_capabilities),
    OBJECTS("rlimits", spec_process, rlimits, &shape_rlimit),
    BOOL("noNewPrivileges", spec_process, no_new_privileges,
         .present = offsetof(struct spec_process, has_no_new_privileges)),
    STRING("apparmorProfile", spec_process, apparmor_profile),
    STRING("selinuxLabel", spec_process, selinux_label),
    OPT_I64("oomScoreAdj", spec_process, oom_score_adj, .minimum = -1000, .maximum = 1000), /* proc(5) */
    OBJECT("scheduler", spec_process, scheduler, &shape_scheduler),
    OBJECT("ioPriority", spec_process, io_priority, &shape_io_priority),
    INLINE_SAME("execCPUAffinity", &shape_affinity),
};

const struct shape shape_process = SHAPE(spec_process, fields);
