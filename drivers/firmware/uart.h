/* The board's UART, polled. uart_KIND.c has these functions; an image holds one kind.
 *
 * config.h says where and how it is: UART_BASE, and where the board names them UART_CLOCK_HZ (else
 * the divisor stays as the boot loader set it), UART_BAUD, UART_REG_SHIFT, UART_REG_WIDTH. */
#ifndef MILLHAND_UART_H
#define MILLHAND_UART_H

#include <stdint.h>

void uart_start(void);
uint32_t uart_put(uint8_t byte); /* 0: no room, try again */
int32_t uart_get(void);          /* -1: nothing has come */
void uart_write(const char *text);

#endif
