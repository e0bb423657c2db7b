/* Reset: one hart runs, with a stack, zeroed data and, where there is one, the FPU. */

    .section .text.start, "ax"
    .globl _start
_start:
    csrr    t0, mhartid
    bnez    t0, park
    csrw    mie, zero
    la      t0, trap
    csrw    mtvec, t0
    .option push
    .option norelax
    la      gp, __global_pointer$
    .option pop
    la      sp, __stack_top
#ifdef __riscv_flen
    li      t0, 1 << 13             /* mstatus.FS = initial: floating point on */
    csrs    mstatus, t0
    csrw    fcsr, zero
#endif
    la      t0, __bss_start
    la      t1, __bss_end
1:  bgeu    t0, t1, 2f
    sw      zero, 0(t0)
    addi    t0, t0, 4
    j       1b
2:  la      t0, __stack_bottom      /* paint the stack: what is overwritten was used */
    li      t2, 0x5ac4ba1d
3:  bgeu    t0, sp, 4f
    sw      t2, 0(t0)
    addi    t0, t0, 4
    j       3b
4:  call    firmware_main
park:
    wfi
    j       park

    .balign 4
trap:                               /* nothing here enables interrupts: a trap is a crash */
    la      sp, __stack_top
    csrr    a0, mcause
    csrr    a1, mepc
    csrr    a2, mtval
    call    firmware_crash
    j       park
