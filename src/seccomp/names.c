// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Names of actions, operators and architectures. One list a kind makes both the table and the array of names that
 * `crun features` prints. Architectures are those of the libseccomp that was there when crun was built (calls.h).
 */
#include "seccomp/names.h"

#include <errno.h>
#include <string.h>

#include "seccomp/calls.h"
#include "seccomp/seccomp.h"

#define LENGTH(table) (sizeof(table) / sizeof((table)[0]))

/* clang-format off */
#define ACTIONS(ACTION)                                       \
    ACTION("SCMP_ACT_KILL",         { SCMP_ACT_KILL_THREAD })   \
    ACTION("SCMP_ACT_KILL_PROCESS", { SCMP_ACT_KILL_PROCESS })  \
    ACTION("SCMP_ACT_KILL_THREAD",  { SCMP_ACT_KILL_THREAD })   \
    ACTION("SCMP_ACT_TRAP",         { SCMP_ACT_TRAP })          \
    ACTION("SCMP_ACT_ERRNO",        { SCMP_ACT_ERRNO(0), .takes_errno = true }) \
    ACTION("SCMP_ACT_TRACE",        { SCMP_ACT_TRACE(0), .takes_errno = true }) \
    ACTION("SCMP_ACT_ALLOW",        { SCMP_ACT_ALLOW })         \
    ACTION("SCMP_ACT_LOG",          { SCMP_ACT_LOG })           \
    ACTION("SCMP_ACT_NOTIFY",       { SCMP_ACT_NOTIFY, .notifies = true })

#define OPERATORS(OPERATOR)                          \
    OPERATOR("SCMP_CMP_NE",        SCMP_CMP_NE)        \
    OPERATOR("SCMP_CMP_LT",        SCMP_CMP_LT)        \
    OPERATOR("SCMP_CMP_LE",        SCMP_CMP_LE)        \
    OPERATOR("SCMP_CMP_EQ",        SCMP_CMP_EQ)        \
    OPERATOR("SCMP_CMP_GE",        SCMP_CMP_GE)        \
    OPERATOR("SCMP_CMP_GT",        SCMP_CMP_GT)        \
    OPERATOR("SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ)
/* clang-format on */

#define NAME(name, ...) name,
#define ROW(name, ...)  { name, __VA_ARGS__ },

const char *const seccomp_actions[] = { ACTIONS(NAME) NULL };
const char *const seccomp_operators[] = { OPERATORS(NAME) NULL };
const char *const seccomp_archs[] = {
    "SCMP_ARCH_X86",     "SCMP_ARCH_X86_64",   "SCMP_ARCH_X32",         "SCMP_ARCH_ARM",
    "SCMP_ARCH_AARCH64", "SCMP_ARCH_MIPS",     "SCMP_ARCH_MIPS64",      "SCMP_ARCH_MIPS64N32",
    "SCMP_ARCH_MIPSEL",  "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",
    "SCMP_ARCH_PPC64",   "SCMP_ARCH_PPC64LE",  "SCMP_ARCH_S390",        "SCMP_ARCH_S390X",
    "SCMP_ARCH_PARISC",  "SCMP_ARCH_PARISC64", "SCMP_ARCH_RISCV64",     "SCMP_ARCH_LOONGARCH64",
    "SCMP_ARCH_M68K",    "SCMP_ARCH_SH",       "SCMP_ARCH_SHEB",        NULL,
};

static const struct {
    const char *name;
    struct seccomp_action action;
} actions[] = { ACTIONS(ROW) };

static const struct {
    const char *name;
    enum scmp_compare compare;
} operators[] = { OPERATORS(ROW) };

int seccomp_action_find(const char *name, struct seccomp_action *ret_action)
{
    for (size_t i = 0; i < LENGTH(actions); i++) {
        if (strcmp(actions[i].name, name) == 0) {
            *ret_action = actions[i].action;
            return 0;
        }
    }
    return -EINVAL;
}

int seccomp_operator_find(const char *name, enum scmp_compare *ret_operator)
{
    for (size_t i = 0; i < LENGTH(operators); i++) {
        if (strcmp(operators[i].name, name) == 0) {
            *ret_operator = operators[i].compare;
            return 0;
        }
    }
    return -EINVAL;
}

int seccomp_arch_find(const char *name, uint32_t *ret_token)
{
    static const char prefix[] = "SCMP_ARCH_";
    uint32_t token = strncmp(name, prefix, strlen(prefix)) == 0 ? calls_arch(name + strlen(prefix)) : 0;

    if (token == 0)
        return -EINVAL;
    *ret_token = token;
    return 0;
}

bool seccomp_knows_arch(const char *name)
{
    uint32_t token;

    return seccomp_arch_find(name, &token) == 0;
}

const char *seccomp_library_version(void)
{
    return calls_version();
}
