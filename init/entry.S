/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The entry point: the kernel leaves argc and argv on the stack; main never returns. */
    .section .note.GNU-stack, "", %progbits
    .text
    .globl _start
    .type _start, %function
_start:
#if defined(__x86_64__)
    xor %ebp, %ebp
    mov (%rsp), %rdi
    lea 8(%rsp), %rsi
    and $-16, %rsp
    call main
    hlt
#elif defined(__aarch64__)
    mov x29, #0
    mov x30, #0
    ldr x0, [sp]
    add x1, sp, #8
    bl main
    brk #0
#elif defined(__riscv) && __riscv_xlen == 64
    .option push
    .option norelax
    lla gp, __global_pointer$
    .option pop
    ld a0, 0(sp)
    addi a1, sp, 8
    andi sp, sp, -16
    call main
    ebreak
#endif
    .size _start, . - _start
