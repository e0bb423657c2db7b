/* SiFive's PWM: comparator 0 sets the period, 1 to 3 are channels. Registers: FE310-G002 manual,
 * chapter 20. An output is high while the count is at or beyond its comparator, so a duty of d
 * compares with period - d: what is high comes at the period's end. */
#include "pwm.h"
#include "mmio.h"

#define CONFIG 0x00u
#define COUNT 0x08u
#define COMPARE(n) (0x20u + 4u * (n))
#define ZERO_AT_COMPARE_0 (1u << 9)
#define ENABLE_ALWAYS (1u << 12)
#define CHANNELS 4u
#define LARGEST 0xffffu
#define SCALE_MAX 15u

void pwm_stop(uintptr_t base)
{
    /* Comparators above the period first: the outputs are low before the count stops. */
    for (uint32_t channel = 1; channel < CHANNELS; channel++)
        mmio_write32(base + COMPARE(channel), LARGEST);
    mmio_write32(base + CONFIG, 0);
    mmio_write32(base + COUNT, 0);
}

uint32_t pwm_start(uintptr_t base, uint32_t clock_hz, uint32_t rate_hz)
{
    uint32_t period = rate_hz ? clock_hz / rate_hz : 0, scale = 0;
    while (period >= LARGEST && scale < SCALE_MAX) { /* LARGEST itself means never */
        period >>= 1;
        scale++;
    }
    if (period < 2u || period >= LARGEST)
        return 0;
    pwm_stop(base);
    mmio_write32(base + COMPARE(0), period - 1u);
    mmio_write32(base + CONFIG, ENABLE_ALWAYS | ZERO_AT_COMPARE_0 | scale);
    return 1;
}

void pwm_set(uintptr_t base, uint32_t channel, uint32_t duty)
{
    if (channel == 0 || channel >= CHANNELS)
        return;
    uint32_t period = mmio_read32(base + COMPARE(0)) + 1u;
    uint32_t high = (uint32_t)((uint64_t)(duty > PWM_FULL ? PWM_FULL : duty) * period / PWM_FULL);
    mmio_write32(base + COMPARE(channel), high ? period - high : LARGEST);
}
