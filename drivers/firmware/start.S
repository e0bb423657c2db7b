/* Reset: one hart runs, with a stack, its data in place and, where there is one, the FPU. */
#include "config.h"

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

    .balign 256                     /* a core that only knows vectored traps comes here too */
trap:                               /* nothing here enables interrupts: a trap is a crash */
    la      sp, __stack_top
    csrr    a0, mcause
    csrr    a1, mepc
    csrr    a2, mtval
    call    firmware_crash
    j       park
