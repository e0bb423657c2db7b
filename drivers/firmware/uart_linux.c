/* The console of a Linux program: its standard output and, without waiting, its input. */
#include <poll.h>
#include <unistd.h>
#include "board.h"

void uart_start(void) { }

uint32_t uart_put(uint8_t byte)
{
    return write(STDOUT_FILENO, &byte, 1) == 1;
}

int32_t uart_get(void)
{
    uint8_t byte;
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
    if (poll(&input, 1, 0) != 1 || read(STDIN_FILENO, &byte, 1) != 1)
        return -1;
    return byte;
}
