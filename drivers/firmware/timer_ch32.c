/* WCH QingKe V4's SysTick: 64 bits. Registers as in the QingKe V4 manual, chapters SysTick and PFIC,
 * and openwch/ch32v307's Core/core_riscv.h: CTLR 0x00 (bit 0: on, 1: interrupt; bit 2 clear:
 * HCLK / 8; bit 3 clear: counts on past CMP), SR 0x04 (bit 0: CMP was reached; written 0), CNT 0x08
 * and 0x0c, CMP 0x10 and 0x14.
 *
 * The vendor's controller at 0xe000e000 stands in for mie: IENR 0x100, IPSR 0x200 makes pending,
 * IPRR 0x280 takes that back, 32 interrupts a word; SysTick is TIMER_IRQ, 12. The counter has to
 * hit CMP: one that is past is made pending by hand. Waiting is looking. */
#include "board.h"

#define REGISTER(n) (*(volatile uint32_t *)((uintptr_t)TIMER_BASE + (n)))
#define CTLR REGISTER(0x00)
#define SR REGISTER(0x04)
#define CNT_LOW REGISTER(0x08)
#define CNT_HIGH REGISTER(0x0c)
#define CMP_LOW REGISTER(0x10)
#define CMP_HIGH REGISTER(0x14)
#define ENABLE 1u
#define INTERRUPT 2u

#define CONTROLLER(n) (*(volatile uint32_t *)(uintptr_t)(0xe000e000u + (n) + TIMER_IRQ / 32u * 4u))
#define IENR CONTROLLER(0x100u)
#define IPSR CONTROLLER(0x200u)
#define IPRR CONTROLLER(0x280u)
#define SYSTICK (1u << TIMER_IRQ % 32u)
#define INTERRUPTS (1u << 3) /* mstatus.MIE */

static void set_compare(uint64_t when)
{
    CMP_HIGH = 0xffffffffu; /* never met while half of it is written */
    CMP_LOW = (uint32_t)when;
    CMP_HIGH = (uint32_t)(when >> 32);
}

static void quiet(void)
{
    set_compare(~0ull);
    SR = 0;
    IPRR = SYSTICK;
    memory_fence();
}

void timer_start(void)
{
    CNT_LOW = 0;
    CNT_HIGH = 0;
    quiet();
    IENR = SYSTICK;
    CTLR = ENABLE | INTERRUPT;
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

void timer_interrupt_at(uint64_t when)
{
    quiet();
    set_compare(when);
    if (timer_now() >= when)
        IPSR = SYSTICK;
    CSR_SET(mstatus, INTERRUPTS);
}

void timer_interrupt_off(void)
{
    CSR_CLEAR(mstatus, INTERRUPTS);
    quiet();
}
