/* Reset: one hart runs, with a stack, its data in place and, where there is one, the FPU. */
#include "config.h"

#if __riscv_xlen == 64
#define WORD 8
#define STORE sd
#else
#define WORD 4
#define STORE sw
#endif

    .section .text.start, "ax"
    .globl _start
_start:
#if BOARD_HAS_ALL_CSRS
    csrw    mie, zero
    csrr    t0, mhartid
    li      t1, BOARD_HART
    bne     t0, t1, park
#endif
    la      t0, trap
    csrw    mtvec, t0
    .option push
    .option norelax
    la      gp, __global_pointer$
    .option pop
    la      sp, __stack_top
#ifdef __riscv_xtheadba
    li      t0, 1 << 22             /* mxstatus.THEADISAEE: XuanTie's own instructions on */
    csrs    0x7c0, t0
#endif
#ifdef __riscv_flen
    li      t0, 1 << 13             /* mstatus.FS = initial: floating point on */
    csrs    mstatus, t0
    csrw    fcsr, zero
#endif
    la      t0, __data_load         /* from flash, where there is one, to RAM */
    la      t1, __data_start
    la      t2, __data_end
    beq     t0, t1, 1f
0:  bgeu    t1, t2, 1f
    lw      a0, 0(t0)
    sw      a0, 0(t1)
    addi    t0, t0, 4
    addi    t1, t1, 4
    j       0b
1:  la      t0, __bss_start
    la      t1, __bss_end
2:  bgeu    t0, t1, 3f
    sw      zero, 0(t0)
    addi    t0, t0, 4
    j       2b
3:  la      t0, __stack_bottom      /* paint the stack: what is overwritten was used */
    li      t2, STACK_PAINT
4:  bgeu    t0, sp, 5f
    sw      t2, 0(t0)
    addi    t0, t0, 4
    j       4b
5:
#if BOARD_HAS_BOOT
    call    board_start
#endif
    call    firmware_main
park:
    wfi
    j       park

/* A trap ends what ran: the registers are kept for the record, and the rest of the firmware's
 * life, in firmware_crash, starts on an empty stack. */
    .balign 256
trap:
#ifdef TIMER_VECTORED               /* a core that only knows vectored traps: one jump each */
    .option push
    .option norvc
    .rept   32
    j       trapped
    .endr
    .option pop
trapped:
#endif
    csrw    mscratch, t0
    la      t0, trap_registers
    STORE   x1, 0*WORD(t0)
    STORE   x2, 1*WORD(t0)
    STORE   x3, 2*WORD(t0)
    STORE   x4, 3*WORD(t0)
    STORE   x6, 5*WORD(t0)
    csrr    x6, mscratch
    STORE   x6, 4*WORD(t0)          /* x5 is t0 */
    STORE   x7, 6*WORD(t0)
    STORE   x8, 7*WORD(t0)
    STORE   x9, 8*WORD(t0)
    STORE   x10, 9*WORD(t0)
    STORE   x11, 10*WORD(t0)
    STORE   x12, 11*WORD(t0)
    STORE   x13, 12*WORD(t0)
    STORE   x14, 13*WORD(t0)
    STORE   x15, 14*WORD(t0)
#ifndef __riscv_abi_rve
    STORE   x16, 15*WORD(t0)
    STORE   x17, 16*WORD(t0)
    STORE   x18, 17*WORD(t0)
    STORE   x19, 18*WORD(t0)
    STORE   x20, 19*WORD(t0)
    STORE   x21, 20*WORD(t0)
    STORE   x22, 21*WORD(t0)
    STORE   x23, 22*WORD(t0)
    STORE   x24, 23*WORD(t0)
    STORE   x25, 24*WORD(t0)
    STORE   x26, 25*WORD(t0)
    STORE   x27, 26*WORD(t0)
    STORE   x28, 27*WORD(t0)
    STORE   x29, 28*WORD(t0)
    STORE   x30, 29*WORD(t0)
    STORE   x31, 30*WORD(t0)
#endif
    la      sp, __stack_top
    .option push
    .option norelax
    la      gp, __global_pointer$   /* a wild kernel may have spoilt it */
    .option pop
    csrr    a0, mcause
    csrr    a1, mepc
    csrr    a2, mtval
    li      t0, 1 << 7              /* mstatus.MPIE: interrupts stay off */
    csrc    mstatus, t0
    la      t0, told                /* an interrupt controller waits for the end of the trap */
    csrw    mepc, t0
    mret
told:
    call    firmware_crash
    j       park

    .section .bss.trap_registers, "aw", @nobits
    .balign 8
    .globl  trap_registers
trap_registers:
    .zero   31*WORD
