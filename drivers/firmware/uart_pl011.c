/* Arm's PL011, polled, transmit only: the boot banner. Registers as in Arm DDI 0183, table 3-1:
 * UARTDR 0x000, UARTFR 0x018 (bit 5: transmit FIFO full), UARTIBRD 0x024, UARTFBRD 0x028,
 * UARTLCR_H 0x02c, UARTCR 0x030. */
#include "board.h"

#define REGISTER(n) (*(volatile uint32_t *)((uintptr_t)UART_BASE + (n)))
#define DR REGISTER(0x000)
#define FR REGISTER(0x018)
#define IBRD REGISTER(0x024)
#define FBRD REGISTER(0x028)
#define LCR_H REGISTER(0x02c)
#define CR REGISTER(0x030)
#define TX_FULL (1u << 5)
#define EIGHT_BITS_WITH_FIFO 0x70u
#define ENABLE_TX_RX 0x301u

#ifndef UART_BAUD
#define UART_BAUD 115200u
#endif

void uart_start(void)
{
#ifdef UART_CLOCK_HZ
    uint32_t divisor = UART_CLOCK_HZ * 4u / UART_BAUD; /* in 64ths, of a clock / 16 */
    IBRD = divisor >> 6;
    FBRD = divisor & 63u;
#endif
    LCR_H = EIGHT_BITS_WITH_FIFO;
    CR = ENABLE_TX_RX;
}

void uart_write(const char *text)
{
    for (; *text; text++) {
        while (FR & TX_FULL)
            ;
        DR = (uint8_t)*text;
    }
}
