/* WCH's USART, polled. Registers as in the CH32FV2x_V3x manual,
 * chapter USART: STATR 0x00 (bit 7: room to transmit, 5: a byte has come), DATAR 0x04, BRR 0x08 (clock /
 * baud), CTLR1 0x0c (bit 13: on, 3: transmit, 2: receive). */
#include "board.h"

#define REGISTER(n) (*(volatile uint32_t *)((uintptr_t)UART_BASE + (n)))
#define STATR REGISTER(0x00)
#define DATAR REGISTER(0x04)
#define BRR REGISTER(0x08)
#define CTLR1 REGISTER(0x0c)
#define TX_EMPTY (1u << 7)
#define RX_FULL (1u << 5)
#define ENABLE_TX_RX (1u << 13 | 1u << 3 | 1u << 2)

#ifndef UART_BAUD
#define UART_BAUD 115200u
#endif

void uart_start(void)
{
    BRR = (UART_CLOCK_HZ + UART_BAUD / 2) / UART_BAUD;
    CTLR1 = ENABLE_TX_RX;
}

uint32_t uart_put(uint8_t byte)
{
    if (!(STATR & TX_EMPTY))
        return 0;
    DATAR = byte;
    return 1;
}

int32_t uart_get(void)
{
    if (!(STATR & RX_FULL))
        return -1;
    return (int32_t)(DATAR & 0xffu);
}
