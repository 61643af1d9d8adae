// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * "linux.seccomp". Names of actions, operators, architectures and flags are checked here and kept as the table's own
 * strings; names of system calls are not, for a profile may know newer ones than we do.
 */
#include "spec/problem.h"
#include "spec/shapes.h"
#include "spec/spec.h"

static const struct word actions[] = {
    { "SCMP_ACT_KILL" },        { "SCMP_ACT_KILL_PROCESS" },
    { "SCMP_ACT_KILL_THREAD" }, { "SCMP_ACT_TRAP" },
    { "SCMP_ACT_ERRNO" },       { "SCMP_ACT_TRACE" },
    { "SCMP_ACT_ALLOW" },       { "SCMP_ACT_LOG" },
    { "SCMP_ACT_NOTIFY" },      { NULL },
};

static const struct word operators[] = {
    { "SCMP_CMP_NE" }, { "SCMP_CMP_LT" }, { "SCMP_CMP_LE" },        { "SCMP_CMP_EQ" },
    { "SCMP_CMP_GE" }, { "SCMP_CMP_GT" }, { "SCMP_CMP_MASKED_EQ" }, { NULL },
};

static const struct word architectures[] = {
    { "SCMP_ARCH_X86" },     { "SCMP_ARCH_X86_64" },   { "SCMP_ARCH_X32" },         { "SCMP_ARCH_ARM" },
    { "SCMP_ARCH_AARCH64" }, { "SCMP_ARCH_MIPS" },     { "SCMP_ARCH_MIPS64" },      { "SCMP_ARCH_MIPS64N32" },
    { "SCMP_ARCH_MIPSEL" },  { "SCMP_ARCH_MIPSEL64" }, { "SCMP_ARCH_MIPSEL64N32" }, { "SCMP_ARCH_PPC" },
    { "SCMP_ARCH_PPC64" },   { "SCMP_ARCH_PPC64LE" },  { "SCMP_ARCH_S390" },        { "SCMP_ARCH_S390X" },
    { "SCMP_ARCH_PARISC" },  { "SCMP_ARCH_PARISC64" }, { "SCMP_ARCH_RISCV64" },     { "SCMP_ARCH_LOONGARCH64" },
    { "SCMP_ARCH_M68K" },    { "SCMP_ARCH_SH" },       { "SCMP_ARCH_SHEB" },        { NULL },
};

static const struct word flags[] = {
    { "SECCOMP_FILTER_FLAG_TSYNC" },
    { "SECCOMP_FILTER_FLAG_LOG" },
    { "SECCOMP_FILTER_FLAG_SPEC_ALLOW" },
    { "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" },
    { NULL },
};

static const struct field arg_fields[] = {
    U32("index", spec_seccomp_arg, index, .required = true),
    U64("value", spec_seccomp_arg, value, .required = true),
    U64("valueTwo", spec_seccomp_arg, value_two),
    STRING("op", spec_seccomp_arg, op, .required = true, .words = operators),
};

static const struct shape shape_arg = SHAPE(spec_seccomp_arg, arg_fields);

static void check_names(struct decoder *decoder, const struct json_path *path, const void *object)
{
    const struct spec_seccomp_rule *rule = object;

    if (rule->n_names == 0)
        problem(decoder, path, "expected at least one name of a system call, found none");
}

static const struct field rule_fields[] = {
    STRINGS("names", spec_seccomp_rule, names, .required = true, .check = check_names),
    STRING("action", spec_seccomp_rule, action, .required = true, .words = actions),
    OPT_U32("errnoRet", spec_seccomp_rule, errno_ret),
    OBJECTS("args", spec_seccomp_rule, args, &shape_arg),
};

static const struct shape shape_rule = SHAPE(spec_seccomp_rule, rule_fields);

static const struct field fields[] = {
    STRING("defaultAction", spec_seccomp, default_action, .required = true, .words = actions),
    OPT_U32("defaultErrnoRet", spec_seccomp, default_errno_ret),
    STRINGS("architectures", spec_seccomp, architectures, .words = architectures),
    STRINGS("flags", spec_seccomp, flags, .words = flags),
    STRING("listenerPath", spec_seccomp, listener_path),
    STRING("listenerMetadata", spec_seccomp, listener_metadata),
    OBJECTS("syscalls", spec_seccomp, syscalls, &shape_rule),
};

const struct shape shape_seccomp = SHAPE(spec_seccomp, fields);
