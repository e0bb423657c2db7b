/* Text on the board's UART. It waits for room. */
#include "uart.h"

/* Weak: a system that has text of its own writes it itself. */
__attribute__((weak)) void uart_write(const char *text)
{
    for (; *text; text++)
        while (!uart_put((uint8_t)*text))
            ;
}
