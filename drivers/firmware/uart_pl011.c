/* ARM's PL011. Registers: ARM DDI 0183G, chapter 3. */
#include "config.h"
#include "mmio.h"
#include "uart.h"

#ifndef UART_BAUD
#define UART_BAUD 115200u
#endif

#define BASE ((uintptr_t)UART_BASE)
#define DR 0x00u
#define FR 0x18u
#define IBRD 0x24u
#define FBRD 0x28u
#define LCR_H 0x2cu
#define CR 0x30u
#define IMSC 0x38u

#define FR_BUSY 0x08u
#define FR_RX_EMPTY 0x10u
#define FR_TX_FULL 0x20u
#define LCR_FIFOS_8_BITS 0x70u
#define CR_ON 0x301u /* UART, transmitter, receiver */
#define DR_ERRORS 0xf00u
#define DRAIN_LOOKS 100000u

void uart_start(void)
{
    /* What a boot loader sent goes out first: a change of the line would spoil it. */
    for (uint32_t i = 0; i < DRAIN_LOOKS && mmio_read32(BASE + FR) & FR_BUSY; i++)
        ;
    mmio_write32(BASE + CR, 0);
    mmio_write32(BASE + IMSC, 0);
#ifdef UART_CLOCK_HZ
    /* 64ths of a divisor by 16 times the baud rate, rounded. */
    const uint32_t divisor = (uint32_t)((4ull * UART_CLOCK_HZ + UART_BAUD / 2u) / UART_BAUD);
    mmio_write32(BASE + IBRD, divisor >> 6);
    mmio_write32(BASE + FBRD, divisor & 63u);
#endif
    mmio_write32(BASE + LCR_H, LCR_FIFOS_8_BITS); /* this also takes up the divisor */
    mmio_write32(BASE + CR, CR_ON);
}

uint32_t uart_put(uint8_t byte)
{
    if (mmio_read32(BASE + FR) & FR_TX_FULL)
        return 0;
    mmio_write32(BASE + DR, byte);
    return 1;
}

/* A byte that came with an error is no byte: the frame around it would not have passed either. */
int32_t uart_get(void)
{
    if (mmio_read32(BASE + FR) & FR_RX_EMPTY)
        return -1;
    uint32_t data = mmio_read32(BASE + DR);
    return data & DR_ERRORS ? -1 : (int32_t)(data & 0xffu);
}
