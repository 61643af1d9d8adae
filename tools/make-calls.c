// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes the tables of src/seccomp/calls.c: every system call that libseccomp knows, with its number on every
 * architecture of one byte order (a filter is made for one), and a hash of the names. libseccomp is asked here, when
 * crun is built, and needs not be there later (docs/decisions/0151-call-tables.md). What is written is checked against
 * the library's answers first: what does not fit the form ends the build.
 *
 *     make-calls little|big OUTPUT
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <seccomp.h>

#include "seccomp/calls_form.h"

enum { MAX_CALLS = 1024, MAX_NUMBER = 7000, LAST_DIRECT = 500, MIPS_BASE = 4000 };

#define AUDIT_LE 0x40000000u

/* The spelling of the specification after "SCMP_ARCH_". */
static const char *const arch_names[] = {
    "X86",      "X86_64",      "X32", "ARM",   "AARCH64", "MIPS", "MIPS64", "MIPS64N32", "MIPSEL",   "MIPSEL64",
    "MIPSEL64N32", "PPC",      "PPC64", "PPC64LE", "S390", "S390X", "PARISC", "PARISC64", "RISCV64", "LOONGARCH64",
    "M68K",     "SH",          "SHEB",
};
enum { N_ARCH_NAMES = sizeof arch_names / sizeof arch_names[0] };

static struct arch {
    const char *name;
    uint32_t token;
    int whole[CALLS_KINDS];
} archs[N_ARCH_NAMES];
static size_t n_archs;
static const char *calls[MAX_CALLS];
static size_t n_calls;
static unsigned parts[MAX_CALLS];

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fprintf(stderr, "make-calls: ");
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
    exit(1);
}

/* ---- what libseccomp knows ---- */

static void find_archs(void)
{
    for (size_t i = 0; i < N_ARCH_NAMES; i++) {
        char lower[32];
        size_t length = strlen(arch_names[i]);

        for (size_t k = 0; k <= length; k++)
            lower[k] = (char) (arch_names[i][k] >= 'A' && arch_names[i][k] <= 'Z' ? arch_names[i][k] + 32 : arch_names[i][k]);
        if (seccomp_arch_resolve_name(lower))
            archs[n_archs++] = (struct arch){ arch_names[i], seccomp_arch_resolve_name(lower), { -1, -1 } };
    }
}

static void note_call(char *name)
{
    for (size_t i = 0; name && i < n_calls; i++)
        if (strcmp(calls[i], name) == 0) {
            free(name);
            return;
        }
    if (name && n_calls == MAX_CALLS)
        die("more than %d system calls", MAX_CALLS);
    if (name)
        calls[n_calls++] = name;
}

static void note_numbers(uint32_t token, int from, int to)
{
    for (int number = from; number < to; number++)
        note_call(seccomp_syscall_resolve_num_arch(token, number));
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static void find_calls(void)
{
    for (size_t i = 0; i < n_archs; i++) {
        note_numbers(archs[i].token, -11000, MAX_NUMBER);
        note_numbers(archs[i].token, CALLS_ARM_PRIVATE, CALLS_ARM_PRIVATE + 16);
        note_numbers(archs[i].token, CALLS_X32_BIT, CALLS_X32_BIT + 1000);
    }
    qsort(calls, n_calls, sizeof calls[0], compare_names);
}

/* libseccomp's numbers for the parts of socketcall(2) and ipc(2): -100 - part, -200 - part. */
static unsigned part_of(int pseudo)
{
    if (pseudo <= -200 && pseudo >= -200 - CALLS_LAST_PART)
        return CALLS_PART(CALLS_IPC, -200 - pseudo);
    return pseudo <= -100 && pseudo >= -100 - CALLS_LAST_PART ? CALLS_PART(CALLS_SOCKET, -100 - pseudo) : 0;
}

static void note_part(struct arch *arch, size_t call)
{
    unsigned part = part_of(seccomp_syscall_resolve_name_arch(arch->token, calls[call]));
    int whole = part ? seccomp_syscall_resolve_name_rewrite(arch->token, calls[call]) : -1;

    if (part && parts[call] && part != parts[call])
        die("%s is part %u and part %u", calls[call], part, parts[call]);
    parts[call] = part ? part : parts[call];
    if (whole < 0)
        return;
    if (arch->whole[CALLS_KIND(part)] >= 0 && arch->whole[CALLS_KIND(part)] != whole)
        die("%s goes through %d on %s, others through %d", calls[call], whole, arch->name, arch->whole[CALLS_KIND(part)]);
    arch->whole[CALLS_KIND(part)] = whole;
}

static void find_parts(void)
{
    for (size_t i = 0; i < n_archs; i++)
        for (size_t call = 0; call < n_calls; call++)
            note_part(&archs[i], call);
}

/* Calls that go through another often have a number of their own as well, which libseccomp tells only by number. */
static int direct_number(const struct arch *arch, const char *name)
{
    int base = strcmp(arch->name, "MIPS") == 0 || strcmp(arch->name, "MIPSEL") == 0 ? MIPS_BASE : 0;

    for (int number = base; number <= base + LAST_DIRECT; number++) {
        char *found = seccomp_syscall_resolve_num_arch(arch->token, number);
        bool is_it = found && strcmp(found, name) == 0;

        free(found);
        if (is_it)
            return number;
    }
    return -1;
}

static int number_of(const struct arch *arch, size_t call)
{
    int number = seccomp_syscall_resolve_name_arch(arch->token, calls[call]);
    bool through = number < 0 && part_of(number) && seccomp_syscall_resolve_name_rewrite(arch->token, calls[call]) >= 0;

    if (through != (parts[call] && arch->whole[CALLS_KIND(parts[call])] >= 0))
        die("%s on %s: not as the others of its kind", calls[call], arch->name);
    return through ? direct_number(arch, calls[call]) : number < 0 ? -1 : number;
}

/* ---- writing ---- */

static int16_t packed(const struct arch *arch, int number)
{
    uint32_t value = (uint32_t) number;

    if (number < 0)
        return -1;
    if (value & CALLS_X32_BIT)
        value &= ~CALLS_X32_BIT;
    else if (value >= CALLS_ARM_PRIVATE && value < CALLS_ARM_PRIVATE + 16)
        value = value - CALLS_ARM_PRIVATE + CALLS_PRIVATE_PACKED;
    if (calls_unpack((int16_t) value, arch->token) != (uint32_t) number)
        die("number %d of %s does not fit", number, arch->name);
    return (int16_t) value;
}

static void write_numbers(FILE *out, const struct arch *arch)
{
    fprintf(out, "    { ");
    for (size_t i = 0; i < n_calls; i++)
        fprintf(out, "%d,%s", packed(arch, number_of(arch, i)), i % 24 == 23 ? "\n      " : "");
    fprintf(out, "},\n");
}

static void write_archs(FILE *out, bool little)
{
    size_t rows = 0;

    fprintf(out, "static const int16_t numbers[][CALLS_N] = {\n");
    for (size_t i = 0; i < n_archs; i++)
        if (((archs[i].token & AUDIT_LE) != 0) == little)
            write_numbers(out, &archs[i]);
    fprintf(out, "};\n\nstatic const struct arch archs[] = {\n");
    for (size_t i = 0; i < n_archs; i++) {
        bool ours = ((archs[i].token & AUDIT_LE) != 0) == little;

        fprintf(out, "    { \"%s\", 0x%08xu, { %d, %d }, ", archs[i].name, archs[i].token, archs[i].whole[0],
                archs[i].whole[1]);
        fprintf(out, ours ? "numbers[%zu] },\n" : "NULL },\n", rows);
        rows += ours;
    }
    fprintf(out, "};\n\n");
}

static void write_names(FILE *out)
{
    size_t offset = 0;

    fprintf(out, "#define CALLS_N %zu\n\nstatic const char names[] =\n", n_calls);
    for (size_t i = 0; i < n_calls; i++)
        fprintf(out, "    \"%s\\0\"\n", calls[i]);
    fprintf(out, "    ;\n\nstatic const uint16_t offsets[CALLS_N] = {\n   ");
    for (size_t i = 0; i < n_calls; offset += strlen(calls[i]) + 1, i++)
        fprintf(out, " %zu,", offset);
    fprintf(out, "\n};\n\nstatic const uint8_t parts[CALLS_N] = {\n   ");
    for (size_t i = 0; i < n_calls; i++)
        fprintf(out, " %u,", parts[i]);
    fprintf(out, "\n};\n\n");
}

static void write_slots(FILE *out)
{
    static unsigned slots[CALLS_SLOTS];

    for (size_t i = 0; i < n_calls; i++) {
        unsigned at = calls_hash(calls[i]) % CALLS_SLOTS;

        while (slots[at])
            at = (at + 1) % CALLS_SLOTS;
        slots[at] = (unsigned) i + 1;
    }
    fprintf(out, "static const uint16_t slots[CALLS_SLOTS] = {\n   ");
    for (size_t i = 0; i < CALLS_SLOTS; i++)
        fprintf(out, " %u,", slots[i]);
    fprintf(out, "\n};\n");
}

int main(int argc, char **argv)
{
    const struct scmp_version *version = seccomp_version();
    FILE *out = argc == 3 ? fopen(argv[2], "w") : NULL;

    if (!out)
        die("usage: make-calls little|big OUTPUT");
    find_archs();
    find_calls();
    find_parts();
    fprintf(out, "/* Made by tools/make-calls.c */\n");
    fprintf(out, "#define CALLS_VERSION \"%u.%u.%u\"\n", version->major, version->minor, version->micro);
    write_names(out);
    write_archs(out, strcmp(argv[1], "little") == 0);
    write_slots(out);
    if (ferror(out) || fclose(out) != 0)
        die("%s: %s", argv[2], strerror(errno));
    return 0;
}
