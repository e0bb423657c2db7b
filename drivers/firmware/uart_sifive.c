/* SiFive's UART. Registers: SiFive FE310-G002 manual, chapter 18. */
#include "config.h"
#include "mmio.h"
#include "uart.h"

#ifndef UART_BAUD
#define UART_BAUD 115200u
#endif

#define BASE ((uintptr_t)UART_BASE)
#define TXDATA 0x00u
#define RXDATA 0x04u
#define TXCTRL 0x08u
#define RXCTRL 0x0cu
#define IE 0x10u
#define DIV 0x18u

#define ENABLE 1u
#define FULL_OR_EMPTY 0x80000000u

void uart_start(void)
{
    mmio_write32(BASE + IE, 0);
#ifdef UART_CLOCK_HZ
    mmio_write32(BASE + DIV, (UART_CLOCK_HZ + UART_BAUD / 2u) / UART_BAUD - 1u);
#endif
    mmio_write32(BASE + TXCTRL, ENABLE);
    mmio_write32(BASE + RXCTRL, ENABLE);
}

uint32_t uart_put(uint8_t byte)
{
    if (mmio_read32(BASE + TXDATA) & FULL_OR_EMPTY)
        return 0;
    mmio_write32(BASE + TXDATA, byte);
    return 1;
}

int32_t uart_get(void)
{
    uint32_t data = mmio_read32(BASE + RXDATA); /* reading takes the byte */
    return data & FULL_OR_EMPTY ? -1 : (int32_t)(data & 0xffu);
}
