/* Reads and writes of device registers. With MMIO_MODEL a model on the host answers instead. */
#ifndef MILLHAND_MMIO_H
#define MILLHAND_MMIO_H

#include <stdint.h>

#ifdef MMIO_MODEL

uint32_t mmio_read8(uintptr_t address);
uint32_t mmio_read32(uintptr_t address);
void mmio_write8(uintptr_t address, uint32_t value);
void mmio_write32(uintptr_t address, uint32_t value);

#else

static inline uint32_t mmio_read8(uintptr_t address) { return *(volatile uint8_t *)address; }
static inline uint32_t mmio_read32(uintptr_t address) { return *(volatile uint32_t *)address; }

static inline void mmio_write8(uintptr_t address, uint32_t value)
{
    *(volatile uint8_t *)address = (uint8_t)value;
}

static inline void mmio_write32(uintptr_t address, uint32_t value)
{
    *(volatile uint32_t *)address = value;
}

#endif
#endif
