// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Compiled seccomp programs against the rules they were made of. The planner's interpreter of classic BPF runs the program for
 * every system call number of every architecture, with arguments around the values that the rules mention; what comes
 * out is compared with an evaluation of the specification's rules that knows nothing of BPF, and with what the filter
 * that libseccomp compiles from the same rules says. The profiles are those that engines sent (tests/data/engines), and
 * small ones that go to the corners.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <seccomp.h>

#include "base/fd.h"
#include "plan/early_filter.h"
#include "plan/filter_run.h"
#include "seccomp/calls.h"
#include "seccomp/flags.h"
#include "seccomp/names.h"
#include "seccomp/seccomp.h"
#include "spec/load.h"

#define LENGTH(table) (sizeof(table) / sizeof((table)[0]))
#define X32_BIT       0x40000000u

/* ---- the interpreter ---- */

enum { ALL_ARGS = 0x3f };

/* What the program returns for DATA; one that cannot be told aborts. */
static uint32_t interpret(const struct sock_filter *program, size_t n, const struct seccomp_data *data)
{
    uint32_t action;

    if (!filter_run(program, n, data, ALL_ARGS, &action))
        abort();
    return action;
}

/* ---- the rules themselves ---- */

struct system_call {
    uint32_t arch; /* libseccomp's token: x32 is one of its own */
    uint32_t number;
    uint64_t args[6];
};

/* Of these libseccomp looks at the lower halves of arguments only. */
static bool is_32_bit(uint32_t arch)
{
    return arch == SCMP_ARCH_X86 || arch == SCMP_ARCH_X32;
}

static bool compares(const char *op, uint64_t arg, uint64_t value, uint64_t value_two)
{
    if (strcmp(op, "SCMP_CMP_MASKED_EQ") == 0)
        return (arg & value) == (value_two & value);
    return strcmp(op, "SCMP_CMP_NE") == 0   ? arg != value
           : strcmp(op, "SCMP_CMP_LT") == 0 ? arg < value
           : strcmp(op, "SCMP_CMP_LE") == 0 ? arg <= value
           : strcmp(op, "SCMP_CMP_EQ") == 0 ? arg == value
           : strcmp(op, "SCMP_CMP_GE") == 0 ? arg >= value
                                            : arg > value;
}

static bool arg_holds(const struct spec_seccomp_arg *arg, const struct system_call *call)
{
    uint64_t word = is_32_bit(call->arch) ? UINT32_MAX : UINT64_MAX;

    return compares(arg->op, call->args[arg->index] & word, arg->value & word, arg->value_two & word);
}

/* Several conditions on one argument are alternatives, see src/seccomp/seccomp.c. */
static bool has_alternatives(const struct spec_seccomp_rule *rule)
{
    unsigned seen = 0;

    for (size_t i = 0; i < rule->n_args; i++) {
        if (seen & (1u << rule->args[i].index))
            return true;
        seen |= 1u << rule->args[i].index;
    }
    return false;
}

static bool args_hold(const struct spec_seccomp_rule *rule, const struct system_call *call)
{
    bool any = has_alternatives(rule);

    for (size_t i = 0; i < rule->n_args; i++)
        if (arg_holds(&rule->args[i], call) == any)
            return any;
    return !any;
}

static bool has_name(const struct spec_seccomp_rule *rule, const char *name)
{
    for (size_t i = 0; name && i < rule->n_names; i++)
        if (strcmp(rule->names[i], name) == 0)
            return true;
    return false;
}

static bool names_it(const struct spec_seccomp_rule *rule, const struct system_call *call)
{
    _cleanup_free_ char *name = seccomp_syscall_resolve_num_arch(call->arch, (int) call->number);

    return has_name(rule, name);
}

static uint32_t code_of(const char *name, struct opt_u32 value)
{
    struct seccomp_action action;

    if (seccomp_action_find(name, &action) < 0)
        abort();
    return action.code | (action.takes_errno ? value.set ? value.value : EPERM : 0);
}

/* By number, so that it shares nothing with the look-up by name of src/seccomp/cases.c. */
static uint32_t highest_number(const struct spec_seccomp *seccomp, uint32_t arch)
{
    struct system_call call = { .arch = arch };
    uint32_t highest = 0, base = arch == SCMP_ARCH_X32 ? X32_BIT : 0;

    for (call.number = base; call.number < base + 1000; call.number++)
        for (size_t i = 0; i < seccomp->n_syscalls; i++)
            if (names_it(&seccomp->syscalls[i], &call))
                highest = call.number;
    return highest;
}

static bool in_filter(const struct spec_seccomp *seccomp, uint32_t arch)
{
    uint32_t token;

    for (size_t i = 0; i < seccomp->n_architectures; i++)
        if (seccomp_arch_find(seccomp->architectures[i], &token) == 0 && token == arch)
            return true;
    return arch == seccomp_arch_native();
}

/* Whether RESULT is what the rules say. An unconditional rule wins over conditions; of those that hold any will do. */
static bool is_right(const struct spec_seccomp *seccomp, uint32_t highest, const struct system_call *call,
                     uint32_t result)
{
    uint32_t deflt = code_of(seccomp->default_action, seccomp->default_errno_ret);
    bool denies = (deflt & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO, held = false, right = false;

    if (!in_filter(seccomp, call->arch))
        return result == SECCOMP_RET_KILL_THREAD;
    if (denies && highest > 0 && call->number > highest)
        return result == (SECCOMP_RET_ERRNO | ENOSYS);
    for (size_t i = 0; i < seccomp->n_syscalls; i++) {
        const struct spec_seccomp_rule *rule = &seccomp->syscalls[i];
        uint32_t code = code_of(rule->action, rule->errno_ret);

        if (code == deflt || !names_it(rule, call) || !args_hold(rule, call))
            continue;
        if (rule->n_args == 0)
            return result == code;
        held = true;
        right |= result == code;
    }
    return held ? right : result == deflt;
}

/* ---- libseccomp's filter of the same rules ---- */

static void add_reference_rule(scmp_filter_ctx context, const struct spec_seccomp_rule *rule, uint32_t code)
{
    struct scmp_arg_cmp args[6];
    unsigned step = has_alternatives(rule) ? 1 : (unsigned) rule->n_args;

    for (size_t i = 0; i < rule->n_args; i++) {
        args[i] = (struct scmp_arg_cmp){ rule->args[i].index, 0, rule->args[i].value, rule->args[i].value_two };
        seccomp_operator_find(rule->args[i].op, &args[i].op);
    }
    for (size_t k = 0; k < rule->n_names; k++) {
        int number = seccomp_syscall_resolve_name(rule->names[k]);

        for (unsigned i = 0; number != __NR_SCMP_ERROR && i < rule->n_args + !step; i += step + !step)
            seccomp_rule_add_array(context, code, number, step, args + i);
    }
}

static void export_reference(scmp_filter_ctx context, struct seccomp_filter *ret_filter)
{
    _cleanup_close_ int fd = memfd_create("reference", MFD_CLOEXEC);
    char *program;

    if (seccomp_export_bpf(context, fd) < 0 || lseek(fd, 0, SEEK_SET) < 0 ||
        fd_read_all(fd, 1 << 20, &program, &ret_filter->size) < 0)
        abort();
    ret_filter->program = program;
}

static void compile_reference(const struct spec_seccomp *seccomp, struct seccomp_filter *ret_filter)
{
    uint32_t deflt = code_of(seccomp->default_action, seccomp->default_errno_ret), token;
    scmp_filter_ctx context = seccomp_init(deflt);

    for (size_t i = 0; i < seccomp->n_architectures; i++)
        if (seccomp_arch_find(seccomp->architectures[i], &token) == 0)
            seccomp_arch_add(context, token);
    for (size_t i = 0; i < seccomp->n_syscalls; i++) {
        const struct spec_seccomp_rule *rule = &seccomp->syscalls[i];
        uint32_t code = code_of(rule->action, rule->errno_ret);

        if (code != deflt)
            add_reference_rule(context, rule, code);
    }
    export_reference(context, ret_filter);
    seccomp_release(context);
}

/* ---- comparing ---- */

struct comparison {
    const struct spec_seccomp *seccomp;
    struct seccomp_filter filter;
    struct seccomp_filter reference; /* libseccomp's */
    bool ask_reference;
    uint32_t arch, highest;
    unsigned long n;
    bool failed;
};

static uint32_t audit_arch(uint32_t token)
{
    return token == SCMP_ARCH_X32 ? SCMP_ARCH_X86_64 : token;
}

static uint32_t answer(const struct seccomp_filter *filter, const struct seccomp_data *data)
{
    return interpret(filter->program, filter->size / sizeof(struct sock_filter), data);
}

/* socketcall and ipc of 32-bit x86 stand for many calls. */
static bool is_multiplexed(const struct system_call *call)
{
    return call->arch == SCMP_ARCH_X86 && (call->number == 102 || call->number == 117);
}

/* Where libseccomp's filter may say something else: it has no ENOSYS for what is newer than the profile. */
static bool agrees(const struct comparison *c, const struct system_call *call, uint32_t result, uint32_t reference)
{
    uint32_t deflt = code_of(c->seccomp->default_action, c->seccomp->default_errno_ret);

    if (!c->ask_reference)
        return true;
    if (result == (SECCOMP_RET_ERRNO | ENOSYS) && call->number > c->highest)
        return reference == deflt;
    return result == reference;
}

static void compare_call(struct comparison *c, const struct system_call *call)
{
    struct seccomp_data data = { .nr = (int) call->number, .arch = audit_arch(call->arch) };
    uint32_t result, reference;

    memcpy(data.args, call->args, sizeof data.args);
    result = answer(&c->filter, &data);
    reference = answer(&c->reference, &data);
    c->n++;
    if (c->failed || (agrees(c, call, result, reference) &&
                      (is_multiplexed(call) || is_right(c->seccomp, c->highest, call, result))))
        return;
    c->failed = true;
    printf("# arch %08x call %u (%llx, %llx, %llx): the program returned %08x, libseccomp's %08x\n", call->arch,
           call->number, (unsigned long long) call->args[0], (unsigned long long) call->args[1],
           (unsigned long long) call->args[2], result, reference);
}

#define N_NEAR 12

/* Values around VALUE, where a comparison of two halves could go wrong. */
static void values_near(const struct spec_seccomp_arg *arg, uint32_t arch, uint64_t near[N_NEAR])
{
    uint64_t v = arg->value, w = arg->value_two;
    uint64_t values[N_NEAR] = { v,          v - 1, v + 1, v ^ (1ull << 32), v ^ 1, (v << 32) | (v >> 32), 0,
                                UINT64_MAX, v & w, w,     w | ~v,           w + 1 };

    for (size_t i = 0; i < N_NEAR; i++)
        near[i] = is_32_bit(arch) ? values[i] & UINT32_MAX : values[i];
}

/* All combinations of near values of the rule's arguments from argument I on. */
static void compare_args(struct comparison *c, const struct spec_seccomp_rule *rule, size_t i, struct system_call *call)
{
    uint64_t near[N_NEAR];

    if (i == rule->n_args) {
        compare_call(c, call);
        return;
    }
    values_near(&rule->args[i], call->arch, near);
    for (size_t k = 0; k < N_NEAR; k++) {
        call->args[rule->args[i].index] = near[k];
        compare_args(c, rule, i + 1, call);
    }
}

static void compare_number(struct comparison *c, uint32_t number)
{
    struct system_call call = { .arch = c->arch, .number = number };

    for (call.args[0] = is_multiplexed(&call) ? 30 : 0; call.args[0] > 0; call.args[0]--)
        compare_call(c, &call);
    compare_call(c, &call);
    for (size_t i = 0; i < c->seccomp->n_syscalls; i++)
        if (c->seccomp->syscalls[i].n_args > 0 && names_it(&c->seccomp->syscalls[i], &call))
            compare_args(c, &c->seccomp->syscalls[i], 0, &(struct system_call){ .arch = c->arch, .number = number });
}

static void compare_arch(struct comparison *c, uint32_t arch)
{
    uint32_t base = arch == SCMP_ARCH_X32 ? X32_BIT : 0;

    c->arch = arch;
    c->highest = highest_number(c->seccomp, arch);
    for (uint32_t n = 0; n < 700; n++)
        compare_number(c, base + n);
    for (unsigned bit = 10; bit < 30; bit++)
        compare_number(c, base + (1u << bit));
}

/* True if the program for SECCOMP does what the rules say, on every architecture of the filter and one beside it. */
static bool is_as_asked(const struct spec_seccomp *seccomp, bool ask_reference)
{
    static const uint32_t archs[] = { SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32, SCMP_ARCH_AARCH64 };
    struct comparison c = { .seccomp = seccomp, .ask_reference = ask_reference };
    struct error err = { 0 };

    if (seccomp_compile(seccomp, false, &c.filter, NULL, NULL, &err) < 0) {
        printf("# %s\n", err.text);
        return false;
    }
    compile_reference(seccomp, &c.reference);
    for (size_t i = 0; i < LENGTH(archs); i++)
        compare_arch(&c, archs[i]);
    printf("# %lu calls, %zu instructions, libseccomp's %zu\n", c.n, c.filter.size / sizeof(struct sock_filter),
           c.reference.size / sizeof(struct sock_filter));
    seccomp_filter_done(&c.filter);
    seccomp_filter_done(&c.reference);
    return !c.failed;
}

static bool is_faithful(const struct spec_seccomp *seccomp)
{
    return is_as_asked(seccomp, true);
}

/* ---- the tests ---- */

/* The filter of a recorded config.json; the caller ends ARENA. */
static const struct spec_seccomp *load_profile(const char *scenario, struct arena *arena)
{
    const char *root = getenv("SOURCE_ROOT");
    char path[PATH_MAX];
    struct document document = { 0 };
    const struct spec *spec = NULL;
    struct error err = { 0 };

    snprintf(path, sizeof path, "%s/tests/data/engines/%s/config.json", root ? root : ".", scenario);
    if (document_read(&document, AT_FDCWD, path, &err) < 0 || spec_load(&document, arena, &spec, &err) < 0)
        printf("# %s\n", err.text);
    document_done(&document);
    return spec ? spec->linux_->seccomp : NULL;
}

static void profiles_of_engines_are_faithful(void)
{
    static const char *const scenarios[] = { "podman-run", "docker-run", "buildah-run", "containerd-seccomp" };

    for (size_t i = 0; i < LENGTH(scenarios); i++) {
        struct arena arena;
        const struct spec_seccomp *seccomp;

        CHECK_INT(arena_init(&arena, ARENA_DEFAULT_SIZE, NULL), 0);
        seccomp = load_profile(scenarios[i], &arena);
        CHECK(seccomp && is_faithful(seccomp));
        arena_done(&arena);
    }
}

static const char *all_archs[] = { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_AARCH64" };

#define NAMES(...)                                                                                                     \
    .names = (const char *[]){ __VA_ARGS__ }, .n_names = sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *)
#define ARGS(...)                                                                                                      \
    .args = (struct spec_seccomp_arg[]){ __VA_ARGS__ },                                                                \
    .n_args = sizeof((struct spec_seccomp_arg[]){ __VA_ARGS__ }) / sizeof(struct spec_seccomp_arg)
#define RULES(...)                                                                                                     \
    .syscalls = (struct spec_seccomp_rule[]){ __VA_ARGS__ },                                                           \
    .n_syscalls = sizeof((struct spec_seccomp_rule[]){ __VA_ARGS__ }) / sizeof(struct spec_seccomp_rule)

static void every_operator_compares_64_bits(void)
{
    static const uint64_t values[] = { 0,           1,           0x7fffffff,         0x80000000, 0xffffffff,
                                       0x100000000, 0x100000001, 0x8000000080000000, UINT64_MAX };

    for (size_t o = 0; seccomp_operators[o]; o++) {
        for (size_t v = 0; v < LENGTH(values); v++) {
            bool masked = strcmp(seccomp_operators[o], "SCMP_CMP_MASKED_EQ") == 0;
            struct spec_seccomp_arg arg = { 1, values[v], masked ? values[v] & 0x8000000100000001 : 0,
                                            seccomp_operators[o] };
            struct spec_seccomp seccomp = { .default_action = "SCMP_ACT_ERRNO",
                                            .architectures = all_archs,
                                            .n_architectures = 4,
                                            RULES({ NAMES("ioctl"), .action = "SCMP_ACT_ALLOW", ARGS(arg) }) };

            CHECK(is_faithful(&seccomp));
        }
    }
}

static void several_arguments_are_joined(void)
{
    struct spec_seccomp seccomp = {
        .default_action = "SCMP_ACT_ALLOW",
        .architectures = all_archs,
        .n_architectures = 2,
        RULES({NAMES("mmap",                "prctl"),                           .action = "SCMP_ACT_ERRNO", .errno_ret = { true, 22 },
               ARGS({ 0, 3, 0, "SCMP_CMP_GE" }, { 2, 5, 0, "SCMP_CMP_NE" }, { 4, 6, 2, "SCMP_CMP_MASKED_EQ" }) },
              { NAMES("personality"), .action = "SCMP_ACT_KILL_PROCESS",
               ARGS({ 0, 8, 0, "SCMP_CMP_EQ" },                          { 0, 20008, 0, "SCMP_CMP_EQ" })                              }
        ),
    };

    CHECK(is_faithful(&seccomp));
}

static void every_action_comes_out(void)
{
    for (size_t a = 0; seccomp_actions[a]; a++) {
        for (size_t d = 0; seccomp_actions[d]; d++) {
            struct spec_seccomp seccomp = { .default_action = seccomp_actions[d],
                                            .architectures = all_archs,
                                            .n_architectures = 3,
                                            RULES({ NAMES("mkdir", "clone3"), .action = seccomp_actions[a] }) };

            if (strcmp(seccomp_actions[d], "SCMP_ACT_NOTIFY") != 0)
                CHECK(is_faithful(&seccomp));
        }
    }
}

static void enosys_follows_the_default(void)
{
    static const struct {
        const char *action;
        uint32_t value, result;
    } cases[] = {
        {"SCMP_ACT_ERRNO",  EPERM,  SECCOMP_RET_ERRNO | ENOSYS},
        { "SCMP_ACT_ERRNO", EACCES, SECCOMP_RET_ERRNO | ENOSYS},
        { "SCMP_ACT_ERRNO", ENOSYS, SECCOMP_RET_ERRNO | ENOSYS},
        { "SCMP_ACT_TRACE", EPERM,  SECCOMP_RET_TRACE | EPERM },
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct spec_seccomp seccomp = {
            .default_action = cases[i].action,
            .default_errno_ret = {true,                                   cases[i].value},
            RULES({               NAMES("read"),            .action = "SCMP_ACT_ALLOW"             },
                  { NAMES("getpid"), .action = cases[i].action,              .errno_ret = { true, cases[i].value } }
              )
        };
        struct seccomp_data data = { .nr = 4000, .arch = seccomp_arch_native() };
        struct seccomp_filter filter;
        struct error err = { 0 };

        CHECK_INT(seccomp_compile(&seccomp, false, &filter, NULL, NULL, &err), 0);
        CHECK_INT(interpret(filter.program, filter.size / sizeof(struct sock_filter), &data), cases[i].result);
        data.nr = SYS_getpid; /* named, although it is refused as the default does: it is known */
        CHECK_INT(interpret(filter.program, filter.size / sizeof(struct sock_filter), &data),
                  code_of(cases[i].action, (struct opt_u32){ true, cases[i].value }));
        seccomp_filter_done(&filter);
    }
}

static struct spec_seccomp_rule random_rule(const char **name, unsigned *seed)
{
    static const uint64_t values[] = { 0, 1, 2, 0xffffffff, 0x100000000, 0x8000000000000001, UINT64_MAX };
    static struct spec_seccomp_arg args[64][3];
    static unsigned next;
    struct spec_seccomp_arg *at = args[next++ % 64];
    struct spec_seccomp_rule rule = { name, 1, seccomp_actions[rand_r(seed) % 9], .args = at };

    for (uint32_t i = 0; i < 3; i++)
        if (rand_r(seed) % 2)
            at[rule.n_args++] =
                (struct spec_seccomp_arg){ 2 * i, values[rand_r(seed) % LENGTH(values)],
                                           values[rand_r(seed) % LENGTH(values)], seccomp_operators[rand_r(seed) % 7] };
    return rule;
}

/* libseccomp is not asked: 2.5.4 lets ioctl(0, ...) through a rule that kills where argument 0 is at most 0 and argument
 * 4 at least 0. */
static void random_profiles_are_faithful(void)
{
    static const char *names[] = { "read",   "open",     "stat",   "mmap",      "socket", "semget", "clone",
                                   "ptrace", "futex",    "openat", "getrandom", "bpf",    "statx",  "clone3",
                                   "ioctl",  "recvfrom", "execve", "prctl",     "time",   "mkdir" };
    unsigned seed = 1;

    for (unsigned round = 0; round < 40; round++) {
        struct spec_seccomp_rule rules[LENGTH(names)];
        struct spec_seccomp seccomp = { .default_action = seccomp_actions[rand_r(&seed) % 8],
                                        .architectures = all_archs,
                                        .n_architectures = round % 5,
                                        .syscalls = rules };

        for (size_t i = 0; i < LENGTH(names); i++)
            if (rand_r(&seed) % 2)
                rules[seccomp.n_syscalls++] = random_rule(&names[i], &seed);
        CHECK(is_as_asked(&seccomp, false));
    }
}

/* Every second call: no two numbers are one range, so the halves of the search are longer than a jump reaches. */
static void long_programs_jump_far(void)
{
    static const char *names[300];
    struct spec_seccomp seccomp = { .default_action = "SCMP_ACT_ERRNO",
                                    .architectures = all_archs,
                                    .n_architectures = 2,
                                    RULES({ .names = names, .action = "SCMP_ACT_ALLOW" }) };
    size_t n = 0;

    for (int number = 0; number < 450 && n < LENGTH(names); number += 2)
        if ((names[n] = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, number)))
            n++;
    seccomp.syscalls[0].n_names = n;
    CHECK(is_faithful(&seccomp));
    while (n > 0)
        free((char *) names[--n]);
}

/* On 32-bit x86 socket(2) is a part of socketcall(2) and a number of its own: both must be known. */
static void multiplexed_calls_are_not_too_new(void)
{
    struct spec_seccomp seccomp = { .default_action = "SCMP_ACT_ERRNO",
                                    .architectures = all_archs,
                                    .n_architectures = 3,
                                    RULES({ NAMES("read", "socket"), .action = "SCMP_ACT_ALLOW" }) };
    struct seccomp_data data = { .nr = 102, .arch = AUDIT_ARCH_I386, .args = { 1 } };
    struct seccomp_filter filter;
    struct error err = { 0 };

    CHECK(is_faithful(&seccomp));
    CHECK_INT(seccomp_compile(&seccomp, false, &filter, NULL, NULL, &err), 0);
    CHECK_INT(interpret(filter.program, filter.size / sizeof(struct sock_filter), &data), SECCOMP_RET_ALLOW);
    data.args[0] = 2;
    CHECK_INT(interpret(filter.program, filter.size / sizeof(struct sock_filter), &data), SECCOMP_RET_ERRNO | EPERM);
    data.nr = 359;
    CHECK_INT(interpret(filter.program, filter.size / sizeof(struct sock_filter), &data), SECCOMP_RET_ALLOW);
    data.nr = 360;
    CHECK_INT(interpret(filter.program, filter.size / sizeof(struct sock_filter), &data), SECCOMP_RET_ERRNO | ENOSYS);
    seccomp_filter_done(&filter);
}

static void bad_configurations_are_named(void)
{
    static const char *one_flag[] = { "SECCOMP_FILTER_FLAG_NONE" }, *one_arch[] = { "SCMP_ARCH_S390X" };
    const struct {
        struct spec_seccomp seccomp;
        const char *text;
    } cases[] = {
        {{ .default_action = "SCMP_ACT_ALLOW",
            RULES({ NAMES("read"), .action = "SCMP_ACT_LOG" },
                  { NAMES("read", "write"), .action = "SCMP_ACT_NOTIFY" }) },
         "linux.seccomp.syscalls[1].names[1]: SCMP_ACT_NOTIFY cannot be used for the write syscall"                                                                      },
        { { .default_action = "SCMP_ACT_NOTIFY" },
         "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be used as the default action"                                                                             },
        { { .default_action = "SCMP_ACT_ALLOW", .default_errno_ret = { true, 1 } },
         "linux.seccomp.defaultErrnoRet: SCMP_ACT_ALLOW has no errno"                                                                                                    },
        { { .default_action = "SCMP_ACT_FOO" },                                                                  "linux.seccomp: unknown seccomp action \"SCMP_ACT_FOO\""},
        { { .default_action = "SCMP_ACT_ALLOW",
            RULES({ NAMES("read"), .action = "SCMP_ACT_ERRNO", .errno_ret = { true, 65537 } }) },
         "linux.seccomp.syscalls[0].errnoRet: 65537 is not an errno (0 to 4095)"                                                                                         },
        { { .default_action = "SCMP_ACT_ALLOW",
            RULES({ NAMES("read"), .action = "SCMP_ACT_LOG", ARGS({ 6, 0, 0, "SCMP_CMP_EQ" }) }) },
         "linux.seccomp.syscalls[0].args[0].index: 6 is not an argument (0 to 5)"                                                                                        },
        { { .default_action = "SCMP_ACT_ALLOW", RULES({ NAMES("read", "no_such"), .action = "SCMP_ACT_LOG" }) },
         "linux.seccomp.syscalls[0].names[1]: unknown system call \"no_such\""                                                                                           },
        { { .default_action = "SCMP_ACT_ALLOW", .flags = one_flag, .n_flags = 1 },
         "linux.seccomp.flags[0]: unknown flag \"SECCOMP_FILTER_FLAG_NONE\""                                                                                             },
        { { .default_action = "SCMP_ACT_ALLOW", .architectures = one_arch, .n_architectures = 1 },
         "linux.seccomp.architectures[0]: SCMP_ARCH_S390X does not go together with this machine's"                                                                      },
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct seccomp_filter filter = { 0 };
        struct error err = { 0 };

        CHECK_INT(seccomp_compile(&cases[i].seccomp, true, &filter, NULL, NULL, &err), -EINVAL);
        CHECK_STR(err.text, cases[i].text);
        CHECK(!filter.program);
    }
}

static void count_warning(void *userdata, const char *text)
{
    ++*(unsigned *) userdata;
    if (!strstr(text, "linux.seccomp."))
        abort();
}

static void unknown_names_are_passed_over_with_a_word(void)
{
    static const char *archs[] = { "SCMP_ARCH_X86", "SCMP_ARCH_FUTURE" };
    struct spec_seccomp seccomp = { .default_action = "SCMP_ACT_ALLOW",
                                    .architectures = archs,
                                    .n_architectures = 2,
                                    RULES({ NAMES("no_such", "read"), .action = "SCMP_ACT_ERRNO" }) };
    struct seccomp_filter filter;
    struct error err = { 0 };
    unsigned warnings = 0;

    CHECK_INT(seccomp_compile(&seccomp, false, &filter, count_warning, &warnings, &err), 0);
    CHECK_INT(warnings, 2);
    seccomp_filter_done(&filter);
}

static unsigned flags_for(const char *flag, const char *action)
{
    struct spec_seccomp seccomp = { .default_action = "SCMP_ACT_ALLOW",
                                    .flags = &flag,
                                    .n_flags = flag ? 1 : 0,
                                    RULES({ NAMES("mkdir"), .action = action }) };
    struct seccomp_filter filter = { 0 };

    if (seccomp_compile(&seccomp, false, &filter, NULL, NULL, NULL) < 0)
        return ~0u;
    seccomp_filter_done(&(struct seccomp_filter){ .program = filter.program });
    return filter.flags;
}

static void flags_are_those_the_kernel_takes_together(void)
{
    CHECK_INT(flags_for(NULL, "SCMP_ACT_LOG"), SECCOMP_FILTER_FLAG_SPEC_ALLOW);
    CHECK_INT(flags_for("SECCOMP_FILTER_FLAG_LOG", "SCMP_ACT_LOG"), SECCOMP_FILTER_FLAG_LOG);
    CHECK_INT(flags_for("SECCOMP_FILTER_FLAG_TSYNC", "SCMP_ACT_LOG"), SECCOMP_FILTER_FLAG_TSYNC);
    CHECK_INT(flags_for("SECCOMP_FILTER_FLAG_TSYNC", "SCMP_ACT_NOTIFY"), SECCOMP_FILTER_FLAG_NEW_LISTENER);
    CHECK_INT(flags_for("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", "SCMP_ACT_LOG"), 0);
    CHECK_INT(flags_for("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", "SCMP_ACT_NOTIFY"),
              SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV | SECCOMP_FILTER_FLAG_NEW_LISTENER);
    CHECK(seccomp_has_flag("SECCOMP_FILTER_FLAG_LOG") && !seccomp_has_flag("SECCOMP_FILTER_FLAG_NONE"));
    CHECK(seccomp_knows_arch("SCMP_ARCH_X86_64") && !seccomp_knows_arch("SCMP_ARCH_NONE"));
}

/* In a child, under podman's filter: 0, or the number of the check that failed. */
static int live_under(const struct seccomp_filter *filter)
{
    struct sock_fprog program = { (unsigned short) (filter->size / sizeof(struct sock_filter)), filter->program };

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, filter->flags, &program) < 0)
        return 1;
    if (syscall(SYS_getpid) < 0)
        return 2;
    if (syscall(SYS_kexec_load, 0, 0, 0, 0) != -1 || errno != EPERM)
        return 3;
    return syscall(4000) == -1 && errno == ENOSYS ? 0 : 4;
}

static void the_kernel_takes_the_program(void)
{
    struct arena arena;
    const struct spec_seccomp *seccomp;
    struct seccomp_filter filter;
    struct error err = { 0 };
    int status;
    pid_t pid;

    CHECK_INT(arena_init(&arena, ARENA_DEFAULT_SIZE, NULL), 0);
    seccomp = load_profile("podman-run", &arena);
    CHECK(seccomp);
    CHECK_INT(seccomp_compile(seccomp, false, &filter, NULL, NULL, &err), 0);
    pid = fork();
    if (pid == 0)
        _exit(live_under(&filter));
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 0);
    seccomp_filter_done(&filter);
    arena_done(&arena);
}

/* ---- the tables that were made when crun was built ---- */

/* What the library has under the number must be what the tables have under its name. Two names may share a number:
 * then the library tells one of them. */
static void check_number(uint32_t token, int number)
{
    _cleanup_free_ char *name = seccomp_syscall_resolve_num_arch(token, number);
    int call = name ? calls_find(name) : -1, asked = name ? seccomp_syscall_resolve_name_arch(token, name) : -1;
    struct calls_number known;

    if (!name || (token == SCMP_ARCH_MIPSEL && number >= 0 && number < 4000)) /* o32 counts from 4000 */
        return;
    CHECK(call >= 0);
    known = calls_number(token, call);
    if (asked >= 0)
        CHECK_INT(known.direct, asked);
    else if (number >= 0)
        CHECK_INT(known.direct, number);
    if (asked < 0 && number < 0 && !known.which_part)
        CHECK_INT(known.direct, -1);
}

static void tables_are_those_of_the_library(void)
{
    for (size_t i = 0; seccomp_archs[i]; i++) {
        uint32_t token;

        if (seccomp_arch_find(seccomp_archs[i], &token) < 0 || (token ^ seccomp_arch_native()) & __AUDIT_ARCH_LE)
            continue;
        for (int number = -11000; number < 7000; number++)
            check_number(token, number);
        for (int number = 0; number < 700; number++)
            check_number(token, (int) X32_BIT + number);
        for (int number = 0xf0000; number < 0xf0010; number++)
            check_number(token, number);
    }
    CHECK_INT(calls_native(), seccomp_arch_native());
    CHECK_INT(calls_find("no_such_call"), -1);
    CHECK_INT(calls_find(""), -1);
}

/* ---- before the process of an exec is born ---- */

static bool may_be_early(const struct spec_seccomp *seccomp, const struct spec_process *process)
{
    static const struct host host;
    const struct spec spec = { .process = (struct spec_process *) process };
    struct plan_input input = { .spec = &spec, .host = &host, .seccomp_arch = calls_native() };
    struct planner planner = { .input = &input };
    struct seccomp_filter filter;
    struct arena arena;
    struct error err = { 0 };
    bool early;

    if (arena_init(&arena, ARENA_DEFAULT_SIZE, NULL) < 0 ||
        seccomp_compile(seccomp, false, &filter, NULL, NULL, &err) < 0)
        abort();
    planner.arena = &arena;
    input.seccomp_program = filter.program;
    input.seccomp_size = filter.size;
    early = plan_filter_may_be_early(&planner);
    if (planner.plan.n_notes != !early)
        abort(); /* the note says why not */
    seccomp_filter_done(&filter);
    arena_done(&arena);
    return early;
}

static void profiles_of_engines_may_be_early(void)
{
    static const char *const scenarios[] = { "podman-exec", "docker-exec", "buildah-run", "containerd-seccomp" };
    static struct spec_rlimit limits[] = { { .type = "RLIMIT_NPROC" } };
    const struct spec_process process = { .terminal = true, .rlimits = limits, .n_rlimits = 1 };

    for (size_t i = 0; i < LENGTH(scenarios); i++) {
        struct arena arena;
        const struct spec_seccomp *seccomp;

        CHECK_INT(arena_init(&arena, ARENA_DEFAULT_SIZE, NULL), 0);
        seccomp = load_profile(scenarios[i], &arena);
        CHECK(seccomp && may_be_early(seccomp, &process));
        arena_done(&arena);
    }
}

/* Whether one that allows all but what RULE says may be. */
static bool may_be_early_with(struct spec_seccomp_rule rule, bool terminal, bool no_new_privileges)
{
    const struct spec_process process = { .terminal = terminal, .no_new_privileges = no_new_privileges };
    const struct spec_seccomp seccomp = { .default_action = "SCMP_ACT_ALLOW", .syscalls = &rule, .n_syscalls = 1 };

    return may_be_early(&seccomp, &process);
}

static void what_is_in_the_way_of_early(void)
{
#define RULE(name, act, ...) ((struct spec_seccomp_rule){ NAMES(name), .action = "SCMP_ACT_" act, __VA_ARGS__ })
#define WITH(nth, compare, number)                                                                                     \
    ARGS({ .index = nth, .value = number, .value_two = number, .op = "SCMP_CMP_" compare })
    CHECK(may_be_early_with(RULE("mkdir", "ERRNO", ), true, false));
    CHECK(!may_be_early_with(RULE("setsid", "ERRNO", ), false, true));
    CHECK(!may_be_early_with(RULE("read", "LOG", ), false, true));
    CHECK(!may_be_early_with(RULE("execve", "KILL_PROCESS", ), false, true));
    CHECK(!may_be_early_with(RULE("capset", "ERRNO", ), false, false));
    CHECK(may_be_early_with(RULE("capset", "ERRNO", ), false, true));
    CHECK(!may_be_early_with(RULE("ioctl", "ERRNO", WITH(1, "EQ", 0x540e)), true, true)); /* TIOCSCTTY */
    CHECK(may_be_early_with(RULE("ioctl", "ERRNO", WITH(1, "EQ", 0x540e)), false, true));
    CHECK(may_be_early_with(RULE("ioctl", "ERRNO", WITH(1, "EQ", 0x5412)), true, true));          /* TIOCSTI */
    CHECK(!may_be_early_with(RULE("clone", "ERRNO", WITH(0, "MASKED_EQ", 0x8000)), false, true)); /* CLONE_PARENT */
    CHECK(may_be_early_with(RULE("clone", "ERRNO", WITH(0, "MASKED_EQ", 0x20000000)), false, true));
    CHECK(!may_be_early_with(RULE("write", "ERRNO", WITH(0, "EQ", 99)), false, true)); /* who knows */
#undef RULE
#undef WITH
}

static void programs_that_say_nothing(void)
{
    const struct seccomp_data data = { .nr = 1 };
    static const struct sock_filter odd[][2] = {
        {BPF_STMT(BPF_LD | BPF_W | BPF_LEN,  0),            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)},
        { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 8),            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)},
        { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64),           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)},
        { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2),            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)},
        { BPF_STMT(BPF_LD | BPF_MEM,         3),            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)},
        { BPF_STMT(BPF_ST,                   BPF_MEMWORDS), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)},
        { BPF_STMT(BPF_JMP | BPF_JA,         UINT32_MAX),   BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)},
        { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),            BPF_STMT(BPF_RET | BPF_A, 0)                },
        { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),            BPF_STMT(BPF_ST,          0)                },
    };
    uint32_t action;

    for (size_t i = 0; i < LENGTH(odd); i++)
        CHECK(!filter_run(odd[i], 2, &data, 0, &action));
    CHECK(!filter_run(odd[0], 0, &data, 0, &action));
}

static const struct test tests[] = {
    {"tables are those of the library",            tables_are_those_of_the_library          },
    { "profiles of engines are faithful",          profiles_of_engines_are_faithful         },
    { "profiles of engines may be early",          profiles_of_engines_may_be_early         },
    { "what is in the way of early",               what_is_in_the_way_of_early              },
    { "programs that say nothing",                 programs_that_say_nothing                },
    { "every operator compares 64 bits",           every_operator_compares_64_bits          },
    { "several arguments are joined",              several_arguments_are_joined             },
    { "random profiles are faithful",              random_profiles_are_faithful             },
    { "long programs jump far",                    long_programs_jump_far                   },
    { "every action comes out",                    every_action_comes_out                   },
    { "ENOSYS follows the default",                enosys_follows_the_default               },
    { "multiplexed calls are not too new",         multiplexed_calls_are_not_too_new        },
    { "bad configurations are named",              bad_configurations_are_named             },
    { "unknown names are passed over with a word", unknown_names_are_passed_over_with_a_word},
    { "flags are those the kernel takes together", flags_are_those_the_kernel_takes_together},
    { "the kernel takes the program",              the_kernel_takes_the_program             },
};

TEST_MAIN(tests)
