/* SiFive's GPIO. Registers: SiFive FE310-G002 manual, chapter 17. */
#include "gpio.h"
#include "mmio.h"

#define INPUT_VALUE 0x00u
#define INPUT_ENABLE 0x04u
#define OUTPUT_ENABLE 0x08u
#define OUTPUT_VALUE 0x0cu
#define FUNCTION_ENABLE 0x38u

static void change(uintptr_t address, uint32_t pin, uint32_t on)
{
    uint32_t bit = 1u << (pin & 31u), others = mmio_read32(address) & ~bit;
    mmio_write32(address, on ? others | bit : others);
}

void gpio_output(uintptr_t base, uint32_t pin)
{
    change(base + FUNCTION_ENABLE, pin, 0); /* the pin itself, not a peripheral behind it */
    change(base + INPUT_ENABLE, pin, 1);    /* a driven pin can be read back */
    change(base + OUTPUT_ENABLE, pin, 1);
}

void gpio_input(uintptr_t base, uint32_t pin)
{
    change(base + FUNCTION_ENABLE, pin, 0);
    change(base + OUTPUT_ENABLE, pin, 0);
    change(base + INPUT_ENABLE, pin, 1);
}

void gpio_write(uintptr_t base, uint32_t pin, uint32_t high)
{
    change(base + OUTPUT_VALUE, pin, high);
}

uint32_t gpio_read(uintptr_t base, uint32_t pin)
{
    return mmio_read32(base + INPUT_VALUE) >> (pin & 31u) & 1u;
}
