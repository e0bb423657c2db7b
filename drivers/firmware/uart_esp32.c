/* Espressif's UART, polled. Registers as in ESP-IDF's
 * soc/esp32c3/include/soc/uart_reg.h: UART_FIFO 0x00, UART_STATUS 0x1c (bits 25-16: bytes that
 * wait in the transmit FIFO of 128, bits 9-0: in the other). The ROM has set up pins and 115200 baud. */
#include "board.h"

#define REGISTER(n) (*(volatile uint32_t *)((uintptr_t)UART_BASE + (n)))
#define FIFO REGISTER(0x00)
#define STATUS REGISTER(0x1c)
#define FIFO_BYTES 128u

void uart_start(void) { }

uint32_t uart_put(uint8_t byte)
{
    if (((STATUS >> 16) & 0x3ffu) >= FIFO_BYTES)
        return 0;
    FIFO = byte;
    return 1;
}

int32_t uart_get(void)
{
    if (!(STATUS & 0x3ffu))
        return -1;
    return (int32_t)(FIFO & 0xffu);
}
