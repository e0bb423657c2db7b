/* RP2350's RISC-V platform timer, in the SIO block: MTIME_CTRL 0x1a4, MTIME 0x1b0, MTIMEH 0x1b4,
 * MTIMECMP 0x1b8, MTIMECMPH 0x1bc (RP2350 datasheet, 3.1.11). It counts the ticks of the TICKS
 * block's RISCV generator, which board_start sets to a microsecond. Its pending bit ends a wfi. An
 * interrupt is taken only between timer_interrupt_at and timer_interrupt_off. */
#include "board.h"

#define REGISTER(n) (*(volatile uint32_t *)((uintptr_t)TIMER_BASE + (n)))
#define MTIME_CTRL REGISTER(0x1a4)
#define MTIME REGISTER(0x1b0)
#define MTIMEH REGISTER(0x1b4)
#define MTIMECMP REGISTER(0x1b8)
#define MTIMECMPH REGISTER(0x1bc)
#define ENABLE 1u
#define MACHINE_TIMER (1u << 7)
#define INTERRUPTS (1u << 3) /* mstatus.MIE */

static void set_compare(uint64_t when)
{
    MTIMECMPH = 0xffffffffu; /* never in the past while half of it is written */
    MTIMECMP = (uint32_t)when;
    MTIMECMPH = (uint32_t)(when >> 32);
}

void timer_start(void)
{
    set_compare(~0ull);
    MTIME_CTRL = ENABLE;
    CSR_SET(mie, MACHINE_TIMER);
}

uint64_t timer_now(void)
{
    uint32_t high, low;
    do {
        high = MTIMEH;
        low = MTIME;
    } while (MTIMEH != high);
    return (uint64_t)high << 32 | low;
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
