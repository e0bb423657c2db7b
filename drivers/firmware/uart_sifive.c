/* SiFive's UART, polled, transmit only: the boot banner. Registers as in the FE310-G002 and
 * FU540-C000 manuals, chapter UART: txdata 0x00 (bit 31: full), txctrl 0x08, div 0x18. */
#include "board.h"

#define REGISTER(n) (*(volatile uint32_t *)((uintptr_t)UART_BASE + (n)))
#define TXDATA REGISTER(0x00)
#define TXCTRL REGISTER(0x08)
#define DIV REGISTER(0x18)
#define TX_FULL (1u << 31)
#define TX_ENABLE 1u

#ifndef UART_BAUD
#define UART_BAUD 115200u
#endif

void uart_start(void)
{
#ifdef UART_CLOCK_HZ
    DIV = UART_CLOCK_HZ / UART_BAUD - 1; /* a bit takes div + 1 clocks */
#endif
    TXCTRL = TX_ENABLE;
}

void uart_write(const char *text)
{
    for (; *text; text++) {
        while (TXDATA & TX_FULL)
            ;
        TXDATA = (uint8_t)*text;
    }
}
