/* Espressif's SYSTIMER, unit 0: 52 bits at 16 MHz, running from reset. Registers as in ESP-IDF's
 * soc/esp32c3/include/soc/systimer_reg.h: UNIT0_OP 0x04 (bit 30: take a reading, bit 29: it is
 * there), UNIT0_VALUE_HI 0x40, UNIT0_VALUE_LO 0x44. There is no mie: waiting is looking. */
#include "board.h"

#define REGISTER(n) (*(volatile uint32_t *)((uintptr_t)TIMER_BASE + (n)))
#define UNIT0_OP REGISTER(0x04)
#define UNIT0_VALUE_HI REGISTER(0x40)
#define UNIT0_VALUE_LO REGISTER(0x44)
#define UPDATE (1u << 30)
#define VALID (1u << 29)

void timer_start(void) { }

uint64_t timer_now(void)
{
    UNIT0_OP = UPDATE;
    while (!(UNIT0_OP & VALID))
        ;
    return (uint64_t)UNIT0_VALUE_HI << 32 | UNIT0_VALUE_LO;
}

void timer_sleep_until(uint64_t when)
{
    while (timer_now() < when)
        ;
}
