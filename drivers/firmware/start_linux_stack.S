/* void run_firmware(void): firmware_main on a stack of its own, so that its use can be told. */
#include "config.h"

    .bss
    .balign 16
    .globl __stack_bottom
    .globl __stack_top
    .globl trap_registers           /* x1 to x31 as a crash found them */
trap_registers:
    .zero   31 * 8
    .balign 16
__stack_bottom:
    .zero   STACK_SIZE
__stack_top:

    .text
    .globl run_firmware
run_firmware:
    addi    sp, sp, -16
    sd      ra, 8(sp)
    sd      s0, 0(sp)
    mv      s0, sp
    la      sp, __stack_top
    call    firmware_main
    mv      sp, s0
    ld      s0, 0(sp)
    ld      ra, 8(sp)
    addi    sp, sp, 16
    ret
    .section .note.GNU-stack, "", @progbits
