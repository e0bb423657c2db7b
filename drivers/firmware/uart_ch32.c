/* WCH's USART, polled, transmit only: the boot banner. Registers as in the CH32FV2x_V3x manual,
 * chapter USART: STATR 0x00 (bit 7: transmit register empty), DATAR 0x04, BRR 0x08 (clock /
 * baud), CTLR1 0x0c (bit 13: on, 3: transmit, 2: receive). */
#include "board.h"

#define REGISTER(n) (*(volatile uint32_t *)((uintptr_t)UART_BASE + (n)))
#define STATR REGISTER(0x00)
#define DATAR REGISTER(0x04)
#define BRR REGISTER(0x08)
#define CTLR1 REGISTER(0x0c)
#define TX_EMPTY (1u << 7)
#define ENABLE_TX_RX (1u << 13 | 1u << 3 | 1u << 2)

#ifndef UART_BAUD
#define UART_BAUD 115200u
#endif

void uart_start(void)
{
    BRR = (UART_CLOCK_HZ + UART_BAUD / 2) / UART_BAUD;
    CTLR1 = ENABLE_TX_RX;
}

void uart_write(const char *text)
{
    for (; *text; text++) {
        while (!(STATR & TX_EMPTY))
            ;
        DATAR = (uint8_t)*text;
    }
}
