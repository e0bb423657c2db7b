#include "check.h"
#include "mmio.h"
#include "pwm.h"

#define PWM 0x10020000u
#define CLOCK_HZ 500000000u

/* The output as the hardware makes it: high while the scaled count is at or beyond compare. */
static uint32_t high_of_thousand(uint32_t channel)
{
    uint32_t high = 0, compare = mmio_read32(PWM + 0x20u + 4u * channel);
    for (uint32_t i = 0; i < 1000; i++) {
        for (volatile uint32_t wait = i % 37u; wait; wait--)
            ;
        high += mmio_read32(PWM + 0x10u) >= compare;
    }
    return high;
}

void firmware_main(void)
{
    report(pwm_start(PWM, CLOCK_HZ, 0));
    report(pwm_start(PWM, CLOCK_HZ, CLOCK_HZ));
    report(pwm_start(PWM, CLOCK_HZ, 20000));
    report(mmio_read32(PWM + 0x20u));
    pwm_set(PWM, 1, 0);
    pwm_set(PWM, 2, PWM_FULL);
    pwm_set(PWM, 3, PWM_FULL / 4u);
    pwm_set(PWM, 0, PWM_FULL); /* the period is no channel */
    report(mmio_read32(PWM + 0x20u));
    for (uint32_t channel = 1; channel < 4; channel++)
        report(high_of_thousand(channel));
    report(pwm_start(PWM, CLOCK_HZ, 50)); /* slower than 16 bits count: scaled */
    report(mmio_read32(PWM) & 15u);
    report(mmio_read32(PWM + 0x20u));
    pwm_set(PWM, 1, PWM_FULL / 2u);
    pwm_stop(PWM);
    report(mmio_read32(PWM + 0x24u));
    report(high_of_thousand(1));
    done(REPORT_DONE);
}
