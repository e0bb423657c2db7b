/* NS16550A and what is made after it, Synopsys DesignWare's APB UART among them.
 *
 * Registers: National Semiconductor PC16550D data sheet, table II. DesignWare: registers 4 bytes
 * apart, 32-bit accesses (UART_REG_SHIFT 2, UART_REG_WIDTH 4); a write of LCR is lost while the UART is busy, so it
 * is emptied first (DW_apb_uart databook, "busy functionality"). */
#include "config.h"
#include "mmio.h"
#include "uart.h"

#ifndef UART_BAUD
#define UART_BAUD 115200u
#endif
#ifndef UART_REG_SHIFT
#define UART_REG_SHIFT 0u
#endif
#ifndef UART_REG_WIDTH
#define UART_REG_WIDTH 1u
#endif

#define DATA 0u
#define DIVISOR_LOW 0u
#define DIVISOR_HIGH 1u
#define INTERRUPT_ENABLE 1u
#define FIFO_CONTROL 2u
#define LINE_CONTROL 3u
#define LINE_STATUS 5u

#define LINE_8N1 0x03u
#define LINE_DIVISOR 0x80u
#define STATUS_READY_DATA 0x01u
#define STATUS_ROOM 0x20u
#define DRAIN_LOOKS 32u

static uint32_t get(uint32_t number)
{
    uintptr_t at = (uintptr_t)UART_BASE + ((uintptr_t)number << UART_REG_SHIFT);
    return (UART_REG_WIDTH == 4u ? mmio_read32(at) : mmio_read8(at)) & 0xffu;
}

static void set(uint32_t number, uint32_t value)
{
    uintptr_t at = (uintptr_t)UART_BASE + ((uintptr_t)number << UART_REG_SHIFT);
    if (UART_REG_WIDTH == 4u)
        mmio_write32(at, value);
    else
        mmio_write8(at, value);
}

#ifdef UART_CLOCK_HZ
static void set_baud(void)
{
    const uint32_t divisor = (UART_CLOCK_HZ + 8u * UART_BAUD) / (16u * UART_BAUD);
    set(LINE_CONTROL, LINE_DIVISOR | LINE_8N1);
    set(DIVISOR_LOW, divisor & 0xffu);
    set(DIVISOR_HIGH, divisor >> 8 & 0xffu);
}
#else
static void set_baud(void) {}
#endif

void uart_start(void)
{
    set(INTERRUPT_ENABLE, 0);
    set(FIFO_CONTROL, 0x07u); /* on, both emptied */
    for (uint32_t i = 0; i < DRAIN_LOOKS && get(LINE_STATUS) & STATUS_READY_DATA; i++)
        (void)get(DATA);
    set_baud();
    set(LINE_CONTROL, LINE_8N1);
}

uint32_t uart_put(uint8_t byte)
{
    if (!(get(LINE_STATUS) & STATUS_ROOM))
        return 0;
    set(DATA, byte);
    return 1;
}

int32_t uart_get(void)
{
    if (!(get(LINE_STATUS) & STATUS_READY_DATA))
        return -1;
    return (int32_t)get(DATA);
}
