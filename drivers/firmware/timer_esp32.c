/* Espressif's SYSTIMER, unit 0: 52 bits at 16 MHz, running from reset. Registers as in the ESP32-C3
 * Technical Reference Manual 1.3, chapter 10, and ESP-IDF's soc/esp32c3 systimer_reg.h: CONF 0x00
 * (bit 24: comparator 0 on), UNIT0_OP 0x04 (bit 30: take a reading, 29: it is there), TARGET0_HI
 * 0x1c, TARGET0_LO 0x20, TARGET0_CONF 0x34 (0: unit 0, once), UNIT0_VALUE 0x40 and 0x44, COMP0_LOAD
 * 0x50, INT_ENA 0x64, INT_CLR 0x6c, INT_ST 0x70. A target that is past fires at once.
 *
 * There is no mie: the interrupt matrix (chapter 8, interrupt_core0_reg.h, at 0x600c2000) leads
 * the alarm, MAP 0x94, to interrupt TIMER_IRQ of the core: ENABLE 0x104, TYPE 0x108 (0: level),
 * priorities 0x114 + 4 n, THRESH 0x194. Waiting is looking. */
#include "board.h"

#define REGISTER(n) (*(volatile uint32_t *)((uintptr_t)TIMER_BASE + (n)))
#define CONF REGISTER(0x00)
#define UNIT0_OP REGISTER(0x04)
#define TARGET0_HI REGISTER(0x1c)
#define TARGET0_LO REGISTER(0x20)
#define TARGET0_CONF REGISTER(0x34)
#define UNIT0_VALUE_HI REGISTER(0x40)
#define UNIT0_VALUE_LO REGISTER(0x44)
#define COMP0_LOAD REGISTER(0x50)
#define INT_ENA REGISTER(0x64)
#define INT_CLR REGISTER(0x6c)
#define INT_ST REGISTER(0x70)
#define UPDATE (1u << 30)
#define VALID (1u << 29)
#define COMPARATOR0 (1u << 24)
#define ALARM0 1u

#define MATRIX(n) (*(volatile uint32_t *)(uintptr_t)(0x600c2000u + (n)))
#define ALARM0_MAP MATRIX(0x94u)
#define CPU_ENABLE MATRIX(0x104u)
#define CPU_TYPE MATRIX(0x108u)
#define CPU_PRIORITY MATRIX(0x114u + 4u * TIMER_IRQ)
#define CPU_THRESHOLD MATRIX(0x194u)
#define INTERRUPTS (1u << 3) /* mstatus.MIE */

static void quiet(void)
{
    CONF &= ~COMPARATOR0;
    INT_CLR = ALARM0;
    (void)INT_ST; /* what was written has arrived */
}

void timer_start(void)
{
    quiet();
    TARGET0_CONF = 0;
    INT_ENA = ALARM0;
    ALARM0_MAP = TIMER_IRQ;
    CPU_TYPE &= ~(1u << TIMER_IRQ);
    CPU_PRIORITY = 1;
    CPU_THRESHOLD = 1;
    CPU_ENABLE = 1u << TIMER_IRQ; /* and no other, whatever the ROM has left on */
}

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

void timer_interrupt_at(uint64_t when)
{
    quiet();
    TARGET0_HI = (uint32_t)(when >> 32) & 0xfffffu;
    TARGET0_LO = (uint32_t)when;
    COMP0_LOAD = 1;
    CONF |= COMPARATOR0;
    CSR_SET(mstatus, INTERRUPTS);
}

void timer_interrupt_off(void)
{
    CSR_CLEAR(mstatus, INTERRUPTS);
    quiet();
}
