/* A serial peripheral bus as its master, mode 0, 8 bits, polled. spi_KIND.c has these functions. */
#ifndef MILLHAND_SPI_H
#define MILLHAND_SPI_H

#include <stdint.h>

void spi_start(uintptr_t base, uint32_t clock_hz, uint32_t rate_hz);
void spi_select(uintptr_t base, uint32_t chip, uint32_t on);
uint32_t spi_exchange(uintptr_t base, uint32_t byte); /* the byte that came; 256: none did */

#endif
