/* NS16550A and Synopsys' DW APB UART, polled, transmit only: the boot banner. A board says how
 * far apart the registers are, and how wide the bus wants them. */
#include "board.h"

#ifndef UART_REG_SHIFT
#define UART_REG_SHIFT 0
#endif
#if defined UART_REG_WIDTH && UART_REG_WIDTH == 4
typedef volatile uint32_t reg;
#else
typedef volatile uint8_t reg;
#endif
#define REGISTER(n) (*(reg *)((uintptr_t)UART_BASE + ((uintptr_t)(n) << UART_REG_SHIFT)))
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
