// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The device program of cgroup v2 (BPF_PROG_TYPE_CGROUP_DEVICE): context in r1 is { access << 16 | type, major,
 * minor }, the result in r0 is 1 for allowed. The kernel asks for several accesses at once (open for read and
 * write), so r3 holds those that no rule has decided yet; rules are tried from the last to the first:
 *
 *     r2 = type, r3 = access, r4 = major, r5 = minor
 *     for each rule:  if (r2, r4, r5 are not its devices) goto next
 *         allow:      r3 &= ~access;  if (r3 != 0) goto next;  return 1
 *         deny:       if ((r3 & access) == 0) goto next;       return 0
 *     return 0
 *
 * Most rules allow every access to one device. Their last comparison jumps to one `return 1` at the end, and those in a
 * row that differ in the minor number only share the others: what the kernel's verifier walks at every start of a
 * container, and what is walked at every open, becomes half as long.
 *
 * The verifier refuses instructions that cannot be reached: nothing follows a rule that always decides.
 */
#include "plan/device_rules.h"

#include <endian.h>
#include <errno.h>

/* Instruction classes and codes: Documentation/bpf/standardization/instruction-set.rst. */
enum bpf_opcode {
    BPF_LOAD_WORD = 0x61,   /* LDX | MEM | W */
    BPF_MOVE = 0xb7,        /* ALU64 | MOV | K */
    BPF_MOVE_REG = 0xbf,    /* ALU64 | MOV | X */
    BPF_AND_32 = 0x54,      /* ALU | AND | K */
    BPF_SHIFT_RIGHT = 0x77, /* ALU64 | RSH | K */
    BPF_JUMP_EQ = 0x15,     /* JMP | JEQ | K */
    BPF_JUMP_NE = 0x55,     /* JMP | JNE | K */
    BPF_RETURN = 0x95,      /* JMP | EXIT */
};

enum bpf_register { R0, R1, R2, R3, R4, R5 };

#define PROLOGUE_SIZE 6
#define RULE_SIZE     8 /* at most: three comparisons and five to decide */
#define EPILOGUE_SIZE 4
#define TO_ALLOW      (-1) /* a jump to the last `return 1`; in a finished program nothing jumps to itself */

struct builder {
    struct bpf_code *code;
    size_t n;
};

static void emit(struct builder *b, enum bpf_opcode code, enum bpf_register to, enum bpf_register from, int16_t offset,
                 int32_t immediate)
{
    uint8_t registers = BYTE_ORDER == LITTLE_ENDIAN ? (uint8_t) (from << 4 | to) : (uint8_t) (to << 4 | from);

    b->code[b->n++] = (struct bpf_code){ (uint8_t) code, registers, offset, immediate };
}

/* A jump whose target is not known yet: emitted with offset 0, which no finished jump has. */
static void emit_jump_next(struct builder *b, enum bpf_opcode code, enum bpf_register reg, int32_t immediate)
{
    emit(b, code, reg, R0, 0, immediate);
}

/* The open jumps since START go to here. */
static void close_jumps(struct builder *b, size_t start)
{
    for (size_t i = start; i < b->n; i++)
        if ((b->code[i].code == BPF_JUMP_EQ || b->code[i].code == BPF_JUMP_NE) && b->code[i].offset == 0)
            b->code[i].offset = (int16_t) (b->n - i - 1);
}

static void emit_return(struct builder *b, int32_t result)
{
    emit(b, BPF_MOVE, R0, R0, 0, result);
    emit(b, BPF_RETURN, R0, R0, 0, 0);
}

static void emit_prologue(struct builder *b)
{
    emit(b, BPF_LOAD_WORD, R2, R1, 0, 0);
    emit(b, BPF_MOVE_REG, R3, R2, 0, 0);
    emit(b, BPF_AND_32, R2, R0, 0, 0xffff);
    emit(b, BPF_SHIFT_RIGHT, R3, R0, 0, 16);
    emit(b, BPF_LOAD_WORD, R4, R1, 4, 0);
    emit(b, BPF_LOAD_WORD, R5, R1, 8, 0);
}

static void emit_match(struct builder *b, const struct device_rule *rule)
{
    if (rule->types != DEVICE_ANY)
        emit_jump_next(b, BPF_JUMP_NE, R2, rule->types);
    if (rule->major != DEVICE_EVERY)
        emit_jump_next(b, BPF_JUMP_NE, R4, rule->major);
    if (rule->minor != DEVICE_EVERY)
        emit_jump_next(b, BPF_JUMP_NE, R5, rule->minor);
}

static bool allows_device(const struct device_rule *rule)
{
    return rule->allow && rule->access == ACCESS_ALL && rule->minor != DEVICE_EVERY;
}

/* How many rules, from FIRST down, allow every access to devices that differ in their minor number only. */
static size_t count_alike(const struct device_rule *first, size_t n)
{
    size_t alike = 0;

    while (alike < n && allows_device(first - alike) && (first - alike)->types == first->types &&
           (first - alike)->major == first->major)
        alike++;
    return alike;
}

static void emit_alike(struct builder *b, const struct device_rule *first, size_t n)
{
    struct device_rule any_minor = *first;
    size_t start = b->n;

    any_minor.minor = DEVICE_EVERY;
    emit_match(b, &any_minor);
    for (size_t i = 0; i < n; i++)
        emit(b, BPF_JUMP_EQ, R5, R0, TO_ALLOW, (int32_t) (first - i)->minor);
    close_jumps(b, start);
}

static void emit_decision(struct builder *b, const struct device_rule *rule)
{
    if (rule->allow && rule->access != ACCESS_ALL) {
        emit(b, BPF_AND_32, R3, R0, 0, ACCESS_ALL & ~rule->access);
        emit_jump_next(b, BPF_JUMP_NE, R3, 0);
    } else if (!rule->allow && rule->access != ACCESS_ALL) {
        emit(b, BPF_MOVE_REG, R0, R3, 0, 0);
        emit(b, BPF_AND_32, R0, R0, 0, rule->access);
        emit_jump_next(b, BPF_JUMP_EQ, R0, 0);
    }
    emit_return(b, rule->allow);
}

/* Returns whether a later instruction can be reached. */
static bool emit_rule(struct builder *b, const struct device_rule *rule)
{
    size_t start = b->n;

    emit_match(b, rule);
    emit_decision(b, rule);
    close_jumps(b, start);
    return rule->types != DEVICE_ANY || rule->major != DEVICE_EVERY || rule->minor != DEVICE_EVERY ||
           rule->access != ACCESS_ALL;
}

/* Denied, if anything comes here; then the place where the jumps to "allowed" go, if there are any. */
static void emit_end(struct builder *b, bool open)
{
    size_t n = b->n, end;

    if (open)
        emit_return(b, 0);
    end = b->n;
    for (size_t i = 0; i < n; i++)
        if (b->code[i].offset == TO_ALLOW) {
            b->code[i].offset = (int16_t) (end - i - 1);
            b->n = end;
            emit_return(b, 1);
        }
}

int devices_bpf(const struct device_rules *rules, struct arena *arena, const struct bpf_code **ret_program,
                size_t *ret_n, struct error *err)
{
    size_t capacity = PROLOGUE_SIZE + RULE_SIZE * rules->n + EPILOGUE_SIZE;
    struct builder b = { arena_new(arena, struct bpf_code, capacity), 0 };
    bool open = true;

    if (!b.code)
        return error_errno(err, -ENOMEM, "linux.resources.devices");
    emit_prologue(&b);
    for (size_t i = rules->n; open && i > 0;) {
        size_t alike = count_alike(&rules->rules[i - 1], i);

        if (alike)
            emit_alike(&b, &rules->rules[i - 1], alike);
        else
            open = emit_rule(&b, &rules->rules[i - 1]);
        i -= alike ? alike : 1;
    }
    emit_end(&b, open);
    *ret_program = b.code;
    *ret_n = b.n;
    return 0;
}
