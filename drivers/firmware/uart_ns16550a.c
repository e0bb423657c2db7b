/* NS16550A, polled, transmit only: the boot banner. */
#include "board.h"
#include "config.h"

#define REGISTER(n) (*(volatile uint8_t *)(uintptr_t)(UART_BASE + (n)))
#define DATA REGISTER(0)
#define INTERRUPT_ENABLE REGISTER(1)
#define FIFO_CONTROL REGISTER(2)
#define LINE_CONTROL REGISTER(3)
#define LINE_STATUS REGISTER(5)

void uart_start(void)
{
    INTERRUPT_ENABLE = 0;
    FIFO_CONTROL = 1;
    LINE_CONTROL = 3; /* 8 bits, no parity, 1 stop bit */
}

void uart_write(const char *text)
{
    for (; *text; text++) {
        while (!(LINE_STATUS & 0x20))
            ;
        DATA = (uint8_t)*text;
    }
}
