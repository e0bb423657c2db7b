/* SiFive's SPI. Registers: FE310-G002 manual, chapter 19. */
#include "spi.h"
#include "mmio.h"

#define SCKDIV 0x00u
#define SCKMODE 0x04u
#define CSID 0x10u
#define CSMODE 0x18u
#define FMT 0x40u
#define TXDATA 0x48u
#define RXDATA 0x4cu
#define FCTRL 0x60u
#define IE 0x70u

#define CSMODE_HOLD 2u
#define CSMODE_AUTO 0u /* between bytes the chip is not selected */
#define FMT_8_BITS_MSB_FIRST 0x00080000u
#define FULL_OR_EMPTY 0x80000000u
#define LOOKS 1000000u
#define DIVIDER_MAX 4095u

void spi_start(uintptr_t base, uint32_t clock_hz, uint32_t rate_hz)
{
    /* The clock is divided by twice (divider + 1): rounded so as never to be faster than asked. */
    uint32_t twice = 2u * (rate_hz ? rate_hz : 1u);
    uint32_t divider = (clock_hz + twice - 1u) / twice;
    divider = divider ? divider - 1u : 0;
    mmio_write32(base + FCTRL, 0); /* commands, not memory-mapped reads */
    mmio_write32(base + IE, 0);
    mmio_write32(base + SCKDIV, divider > DIVIDER_MAX ? DIVIDER_MAX : divider);
    mmio_write32(base + SCKMODE, 0);
    mmio_write32(base + FMT, FMT_8_BITS_MSB_FIRST);
    mmio_write32(base + CSMODE, CSMODE_AUTO);
    for (uint32_t i = 0; i < 8u && !(mmio_read32(base + RXDATA) & FULL_OR_EMPTY); i++)
        ; /* what an earlier owner left in the queue */
}

void spi_select(uintptr_t base, uint32_t chip, uint32_t on)
{
    mmio_write32(base + CSID, chip);
    mmio_write32(base + CSMODE, on ? CSMODE_HOLD : CSMODE_AUTO);
}

uint32_t spi_exchange(uintptr_t base, uint32_t byte)
{
    uint32_t looks = LOOKS, data = FULL_OR_EMPTY;
    while (mmio_read32(base + TXDATA) & FULL_OR_EMPTY)
        if (--looks == 0)
            return 256u;
    mmio_write32(base + TXDATA, byte & 0xffu);
    while (looks-- && data & FULL_OR_EMPTY)
        data = mmio_read32(base + RXDATA);
    return data & FULL_OR_EMPTY ? 256u : data & 0xffu;
}
