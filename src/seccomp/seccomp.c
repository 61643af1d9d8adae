// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * linux.seccomp to a BPF program, which crun-init only hands to the kernel. The tables of system calls of every
 * architecture come from libseccomp (calls.h); the program is written here, for the library takes 8 to 20 ms for the profile of an
 * engine, many times what the whole start of a container takes otherwise (its filter is the reference in the tests).
 *
 * Rules mean what they mean to libseccomp: a rule whose action is the default's says nothing; a rule without conditions
 * decides alone; several conditions on one argument, which the library cannot join, are alternatives, as runc takes
 * them (old profiles list the values of personality(2) in that way). Where conditions of two rules hold, the first decides.
 */
#include "seccomp/seccomp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/audit.h>

#include <seccomp.h>

#include "base/fd.h"
#include "seccomp/calls.h"
#include "seccomp/flags.h"
#include "seccomp/names.h"
#include "seccomp/ranges.h"

#define N_ARCHS   32
#define N_ARGS    6
#define ERRNO_MAX 4095 /* the kernel's MAX_ERRNO: more is cut to it */

struct compiler {
    const struct spec_seccomp *seccomp;
    uint32_t default_code;
    uint32_t archs[N_ARCHS];
    size_t n_archs;
    struct seccomp_rule *rules; /* one for each rule of the configuration, or for each of its alternatives */
    struct scmp_arg_cmp *args;  /* of all rules */
    int16_t *calls;             /* of all rules; unknown ones are left out */
    size_t n_rules, n_args, n_calls;
    bool fail_unknown, notifies;
    void (*warn)(void *userdata, const char *text);
    void *userdata;
    struct error *err;
};

static void warn(const struct compiler *c, const char *format, ...) _printf_(2, 3);
static void warn(const struct compiler *c, const char *format, ...)
{
    char text[512];
    va_list args;

    if (!c->warn)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    c->warn(c->userdata, text);
}

static void compiler_done(struct compiler *c)
{
    free(c->rules);
    free(c->args);
    free(c->calls);
}

static int out_of_memory(const struct compiler *c)
{
    return error_errno(c->err, -ENOMEM, "linux.seccomp");
}

/* ---- actions ---- */

/* The code of action NAME with its errno. WHERE is the path of the object, WHICH the member's, for errors. */
static int action_code(struct compiler *c, const char *name, struct opt_u32 value, const char *where, const char *which,
                       uint32_t *ret_code)
{
    struct seccomp_action action;

    if (seccomp_action_find(name, &action) < 0)
        return error_set(c->err, -EINVAL, "%s: unknown seccomp action \"%s\"", where, name);
    if (value.set && !action.takes_errno)
        return error_set(c->err, -EINVAL, "%s.%s: %s has no errno", where, which, name);
    if (value.set && value.value > ERRNO_MAX)
        return error_set(c->err, -EINVAL, "%s.%s: %u is not an errno (0 to %d)", where, which, value.value, ERRNO_MAX);
    c->notifies |= action.notifies;
    *ret_code = action.code | (action.takes_errno ? value.set ? value.value : EPERM : 0);
    return 0;
}

static int start(struct compiler *c)
{
    const struct spec_seccomp *seccomp = c->seccomp;
    int r = action_code(c, seccomp->default_action, seccomp->default_errno_ret, "linux.seccomp", "defaultErrnoRet",
                        &c->default_code);

    if (r < 0)
        return r;
    if (c->default_code == SCMP_ACT_NOTIFY)
        return error_set(c->err, -EINVAL,
                         "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be used as the default action");
    return 0;
}

/* ---- architectures ---- */

static void note_arch(struct compiler *c, uint32_t token)
{
    for (size_t i = 0; i < c->n_archs; i++)
        if (c->archs[i] == token)
            return;
    if (c->n_archs < N_ARCHS)
        c->archs[c->n_archs++] = token;
}

static int add_arch(struct compiler *c, size_t i)
{
    const char *name = c->seccomp->architectures[i];
    uint32_t token;

    if (seccomp_arch_find(name, &token) < 0) {
        warn(c, "linux.seccomp.architectures[%zu]: %s is unknown to libseccomp %s, skipped", i, name,
             seccomp_library_version());
        return 0;
    }
    /* Arguments are compared by halves: the program is for one order of bytes. */
    if ((token ^ calls_native()) & __AUDIT_ARCH_LE)
        return error_set(c->err, -EINVAL,
                         "linux.seccomp.architectures[%zu]: %s does not go together with this machine's", i, name);
    note_arch(c, token);
    return 0;
}

/* The native architecture is always there, and first. */
static int add_archs(struct compiler *c)
{
    note_arch(c, calls_native());
    for (size_t i = 0; i < c->seccomp->n_architectures; i++) {
        int r = add_arch(c, i);

        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- rules ---- */

/* Room for all rules: at most one for each condition and one more. */
static int make_room(struct compiler *c)
{
    size_t n_args = 1, n_calls = 1, n = c->seccomp->n_syscalls + 1;

    for (size_t i = 0; i < c->seccomp->n_syscalls; i++) {
        n_args += c->seccomp->syscalls[i].n_args;
        n_calls += c->seccomp->syscalls[i].n_names;
    }
    c->args = calloc(n_args, sizeof *c->args);
    c->rules = calloc(n_args + n, sizeof *c->rules);
    c->calls = calloc(n_calls, sizeof *c->calls);
    return c->args && c->rules && c->calls ? 0 : out_of_memory(c);
}

static int read_arg(struct compiler *c, size_t rule, size_t i, struct scmp_arg_cmp *ret_arg)
{
    const struct spec_seccomp_arg *arg = &c->seccomp->syscalls[rule].args[i];

    if (arg->index >= N_ARGS)
        return error_set(c->err, -EINVAL, "linux.seccomp.syscalls[%zu].args[%zu].index: %u is not an argument (0 to 5)",
                         rule, i, arg->index);
    if (seccomp_operator_find(arg->op, &ret_arg->op) < 0)
        return error_set(c->err, -EINVAL, "linux.seccomp.syscalls[%zu].args[%zu].op: unknown operator \"%s\"", rule, i,
                         arg->op);
    ret_arg->arg = arg->index;
    ret_arg->datum_a = arg->value;                  /* of MASKED_EQ the mask, valueTwo is then what to compare with */
    ret_arg->datum_b = arg->value_two & arg->value; /* seccomp_rule_add(3): the masked datum */
    return 0;
}

/* Read the conditions of rule I behind those of the rules before. */
static int read_args(struct compiler *c, size_t i, bool *ret_alternatives)
{
    bool alternatives = false;
    unsigned seen = 0;

    for (size_t k = 0; k < c->seccomp->syscalls[i].n_args; k++) {
        struct scmp_arg_cmp *arg = &c->args[c->n_args + k];
        int r = read_arg(c, i, k, arg);

        if (r < 0)
            return r;
        alternatives |= seen & (1u << arg->arg);
        seen |= 1u << arg->arg;
    }
    if (alternatives)
        warn(c, "linux.seccomp.syscalls[%zu].args: several conditions on one argument are alternatives", i);
    *ret_alternatives = alternatives;
    return 0;
}

static int take_name(struct compiler *c, size_t rule, size_t i, uint32_t code)
{
    const char *name = c->seccomp->syscalls[rule].names[i];
    int call = calls_find(name);

    /* The descriptor that listens could not be handed out without it. */
    if (code == SCMP_ACT_NOTIFY && strcmp(name, "write") == 0)
        return error_set(c->err, -EINVAL,
                         "linux.seccomp.syscalls[%zu].names[%zu]: SCMP_ACT_NOTIFY cannot be used for the write syscall",
                         rule, i);
    if (call >= 0) {
        c->calls[c->n_calls++] = (int16_t) call;
        return 0;
    }
    if (c->fail_unknown)
        return error_set(c->err, -EINVAL, "linux.seccomp.syscalls[%zu].names[%zu]: unknown system call \"%s\"", rule, i,
                         name);
    warn(c, "linux.seccomp.syscalls[%zu].names[%zu]: unknown system call \"%s\", skipped", rule, i, name);
    return 0;
}

/* The calls of RULE, behind those of the rules before. */
static int take_names(struct compiler *c, size_t rule, uint32_t code)
{
    for (size_t i = 0; i < c->seccomp->syscalls[rule].n_names; i++) {
        int r = take_name(c, rule, i, code);

        if (r < 0)
            return r;
    }
    return 0;
}

static void take_rule(struct compiler *c, size_t first_call, uint32_t code, unsigned n_args)
{
    c->rules[c->n_rules++] =
        (struct seccomp_rule){ &c->calls[first_call], c->n_calls - first_call, code, &c->args[c->n_args], n_args };
    c->n_args += n_args;
}

static int add_rule(struct compiler *c, size_t i)
{
    const struct spec_seccomp_rule *from = &c->seccomp->syscalls[i];
    size_t first_call = c->n_calls;
    bool alternatives = false;
    char where[64];
    uint32_t code;
    int r;

    snprintf(where, sizeof where, "linux.seccomp.syscalls[%zu]", i);
    r = action_code(c, from->action, from->errno_ret, where, "errnoRet", &code);
    if (r == 0)
        r = take_names(c, i, code);
    if (r == 0)
        r = read_args(c, i, &alternatives);
    if (r < 0)
        return r;
    if (!alternatives)
        take_rule(c, first_call, code, (unsigned) from->n_args);
    for (size_t k = 0; alternatives && k < from->n_args; k++)
        take_rule(c, first_call, code, 1);
    return 0;
}

static int add_rules(struct compiler *c)
{
    int r = make_room(c);

    for (size_t i = 0; r == 0 && i < c->seccomp->n_syscalls; i++)
        r = add_rule(c, i);
    return r;
}

/* ---- flags ---- */

/* Without flags it is SPEC_ALLOW, as runc and crun have it: a filter alone should not slow the process down. */
static int collect_flags(struct compiler *c, unsigned *ret_flags)
{
    unsigned flags = c->seccomp->n_flags ? 0 : SECCOMP_FILTER_FLAG_SPEC_ALLOW;

    for (size_t i = 0; i < c->seccomp->n_flags; i++) {
        unsigned flag = seccomp_flag_find(c->seccomp->flags[i]);

        if (!flag)
            return error_set(c->err, -EINVAL, "linux.seccomp.flags[%zu]: unknown flag \"%s\"", i, c->seccomp->flags[i]);
        flags |= flag;
    }
    /* The kernel takes neither TSYNC with a listener (crun-init has one thread: nothing to synchronise) nor
     * WAIT_KILLABLE_RECV without one. */
    if (c->notifies)
        flags = (flags & ~(unsigned) SECCOMP_FILTER_FLAG_TSYNC) | SECCOMP_FILTER_FLAG_NEW_LISTENER;
    else
        flags &= ~(unsigned) SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    *ret_flags = flags;
    return 0;
}

/* ---- the program ---- */

/* Only a profile that refuses with an errno is about system calls that may be missing. */
static uint32_t unknown_code(const struct compiler *c)
{
    bool refuses = (c->default_code & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;

    return refuses ? SCMP_ACT_ERRNO(ENOSYS) : c->default_code;
}

static int write_program(const struct compiler *c, struct program *program)
{
    const struct seccomp_profile profile = {
        .rules = c->rules,
        .n_rules = c->n_rules,
        .default_code = c->default_code,
        .unknown_code = unknown_code(c),
        .foreign_code = SCMP_ACT_KILL_THREAD, /* libseccomp's, for calls by another architecture's rules */
        .archs = c->archs,
        .n_archs = c->n_archs,
    };
    int r = seccomp_profile_write(&profile, program);

    if (r == -EFBIG)
        return error_set(c->err, r, "linux.seccomp: more than the %d instructions that the kernel takes", BPF_MAXINSNS);
    return r < 0 ? out_of_memory(c) : 0;
}

static int finish(struct compiler *c, struct seccomp_filter *ret_filter)
{
    _cleanup_free_ struct program *program = malloc(sizeof *program);
    unsigned flags = 0;
    void *code;
    int r = program ? collect_flags(c, &flags) : out_of_memory(c);

    if (r == 0)
        r = write_program(c, program);
    if (r < 0)
        return r;
    code = malloc(program->n * sizeof program->code[0]);
    if (!code)
        return out_of_memory(c);
    memcpy(code, program->code, program->n * sizeof program->code[0]);
    *ret_filter = (struct seccomp_filter){ code, program->n * sizeof program->code[0], flags };
    return 0;
}

int seccomp_compile(const struct spec_seccomp *seccomp, bool fail_unknown, struct seccomp_filter *ret_filter,
                    void (*warning)(void *userdata, const char *text), void *userdata, struct error *err)
{
    _cleanup_(compiler_done) struct compiler c = {
        .seccomp = seccomp, .fail_unknown = fail_unknown, .warn = warning, .userdata = userdata, .err = err
    };
    int r = start(&c);

    if (r == 0)
        r = add_archs(&c);
    if (r == 0)
        r = add_rules(&c);
    return r < 0 ? r : finish(&c, ret_filter);
}
