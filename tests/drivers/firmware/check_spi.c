#include "check.h"
#include "mmio.h"
#include "spi.h"

#define SPI 0x10040000u
#define READ_ID 0x9fu
#define WRITE_ENABLE 0x06u
#define READ_STATUS 0x05u
#define PROGRAM 0x02u
#define READ 0x03u

static void command(uint32_t byte)
{
    spi_select(SPI, 0, 1);
    (void)spi_exchange(SPI, byte);
}

static void address(uint32_t at)
{
    for (uint32_t shift = 24; shift; shift -= 8)
        (void)spi_exchange(SPI, at >> (shift - 8u));
}

void firmware_main(void)
{
    spi_start(SPI, 500000000u, 10000000u);
    report(mmio_read32(SPI));
    command(READ_ID);
    for (uint32_t i = 0; i < 3; i++)
        report(spi_exchange(SPI, 0));
    spi_select(SPI, 0, 0);
    command(WRITE_ENABLE);
    spi_select(SPI, 0, 0);
    command(PROGRAM);
    address(0x1234);
    for (uint32_t i = 0; i < 32; i++)
        (void)spi_exchange(SPI, 0xa0u + i);
    spi_select(SPI, 0, 0);
    command(READ_STATUS);
    report(spi_exchange(SPI, 0));
    spi_select(SPI, 0, 0);
    command(READ);
    address(0x1234 + 4);
    for (uint32_t i = 0; i < 30; i++)
        report(spi_exchange(SPI, 0));
    spi_select(SPI, 0, 0);
    done(REPORT_DONE);
}
