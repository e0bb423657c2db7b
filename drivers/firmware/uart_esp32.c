/* Espressif's UART, polled, transmit only: the boot banner. Registers as in ESP-IDF's
 * soc/esp32c3/include/soc/uart_reg.h: UART_FIFO 0x00, UART_STATUS 0x1c (bits 25-16: bytes that
 * wait in the transmit FIFO of 128). The ROM has set up pins and 115200 baud. */
#include "board.h"

#define REGISTER(n) (*(volatile uint32_t *)((uintptr_t)UART_BASE + (n)))
#define FIFO REGISTER(0x00)
#define STATUS REGISTER(0x1c)
#define FIFO_BYTES 128u

void uart_start(void) { }

void uart_write(const char *text)
{
    for (; *text; text++) {
        while (((STATUS >> 16) & 0x3ffu) >= FIFO_BYTES)
            ;
        FIFO = (uint8_t)*text;
    }
}
