/* WCH QingKe V4's SysTick: 64 bits. Registers as in the QingKe V4 manual, chapter SysTick: CTLR
 * 0x00 (bit 0: on; bit 2 clear: HCLK / 8), CNT 0x08 and 0x0c. Its interrupt goes through the
 * vendor's controller, so waiting is looking. */
#include "board.h"

#define REGISTER(n) (*(volatile uint32_t *)((uintptr_t)TIMER_BASE + (n)))
#define CTLR REGISTER(0x00)
#define CNT_LOW REGISTER(0x08)
#define CNT_HIGH REGISTER(0x0c)
#define ENABLE 1u

void timer_start(void)
{
    CNT_LOW = 0;
    CNT_HIGH = 0;
    CTLR = ENABLE;
}

uint64_t timer_now(void)
{
    uint32_t high, low;
    do {
        high = CNT_HIGH;
        low = CNT_LOW;
    } while (CNT_HIGH != high);
    return (uint64_t)high << 32 | low;
}

void timer_sleep_until(uint64_t when)
{
    while (timer_now() < when)
        ;
}
