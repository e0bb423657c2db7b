/* What both ways of running a controller share: its memory, its step, its end. See core.c. */
#ifndef MILLHAND_CORE_H
#define MILLHAND_CORE_H

#include <stdint.h>
#include "config.h"
#include "mailbox.h"

#define box ((volatile struct mailbox *)(uintptr_t)MAILBOX_BASE)
#define TRAP_INTERRUPT (1ul << (__riscv_xlen - 1))
#ifndef TIMER_IRQ
#define TIMER_IRQ 7ul /* the standard's; a core with its own controller names another */
#endif
#define TRAP_TIMER (TRAP_INTERRUPT | TIMER_IRQ)

void core_clear(volatile void *area, uint32_t size);
void core_boot(void);
uint32_t core_kernel(void *output);
uint32_t core_stack_used(void);
uint32_t core_stack_overflowed(void);
void core_stop(uint32_t fault);
void core_record_trap(unsigned long cause, unsigned long pc, unsigned long value);

/* Each way of running has its own. */
void firmware_main(void);
void firmware_crash(unsigned long cause, unsigned long pc, unsigned long value);

#endif
