/* The core-local interruptor's timer (SiFive's layout: mtimecmp of 8 bytes a hart at 0x4000,
 * mtime at 0xbff8). XuanTie's has no mtime; there the time is a CSR.
 *
 * Its pending bit ends a wfi. An interrupt is taken only between timer_interrupt_at and
 * timer_interrupt_off: then the controller has overrun its tick. */
#include "board.h"

#define MTIMECMP ((volatile uint32_t *)(uintptr_t)(TIMER_BASE + 0x4000 + 8 * BOARD_HART))
#ifndef TIMER_TIME_CSR
#define TIMER_TIME_CSR 0
#endif
#define MTIME ((volatile uint32_t *)(uintptr_t)(TIMER_BASE + 0xbff8))
#define MACHINE_TIMER (1u << 7)
#define INTERRUPTS (1u << 3)

static void set_compare(uint64_t when)
{
    MTIMECMP[1] = 0xffffffffu; /* never in the past while half of it is written */
    MTIMECMP[0] = (uint32_t)when;
    MTIMECMP[1] = (uint32_t)(when >> 32);
}

void timer_start(void)
{
    set_compare(~0ull);
    CSR_SET(mie, MACHINE_TIMER);
}

uint64_t timer_now(void)
{
#if TIMER_TIME_CSR && __riscv_xlen == 64
    return CSR_READ(time);
#else
    uint32_t high, low;
    do {
        high = MTIME[1];
        low = MTIME[0];
    } while (MTIME[1] != high);
    return (uint64_t)high << 32 | low;
#endif
}

void timer_sleep_until(uint64_t when)
{
    set_compare(when);
    wait_for_interrupt();
}

void timer_interrupt_at(uint64_t when)
{
    set_compare(when);
    CSR_SET(mstatus, INTERRUPTS);
}

void timer_interrupt_off(void) { CSR_CLEAR(mstatus, INTERRUPTS); }
