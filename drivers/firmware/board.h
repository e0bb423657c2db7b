/* The few registers of a RISC-V core that the firmware touches, its UART and its timer. */
#ifndef MILLHAND_BOARD_H
#define MILLHAND_BOARD_H

#include <stdint.h>
#include "config.h"
#include "uart.h"

#define CSR_READ(name) ({ unsigned long value_; \
    __asm__ volatile("csrr %0, " #name : "=r"(value_) :: "memory"); value_; })
#define CSR_SET(name, bits) \
    __asm__ volatile("csrs " #name ", %0" :: "r"((unsigned long)(bits)) : "memory")
#define CSR_CLEAR(name, bits) \
    __asm__ volatile("csrc " #name ", %0" :: "r"((unsigned long)(bits)) : "memory")

static inline void memory_fence(void) { __asm__ volatile("fence rw, rw" ::: "memory"); }
static inline void wait_for_interrupt(void) { __asm__ volatile("wfi" ::: "memory"); }

/* Where the core does not count them, no instruction counts. */
static inline unsigned long instructions_now(void)
{
#if BOARD_HAS_ALL_CSRS
    return CSR_READ(minstret);
#else
    return 0;
#endif
}

void board_start(void); /* clocks, pins, watchdogs: only where BOARD_HAS_BOOT */

void timer_start(void);
uint64_t timer_now(void);
void timer_sleep_until(uint64_t when);
void timer_interrupt_at(uint64_t when);
void timer_interrupt_off(void);

#endif
