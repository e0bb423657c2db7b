/* Pulse-width modulation. pwm_KIND.c has these functions. */
#ifndef MILLHAND_PWM_H
#define MILLHAND_PWM_H

#include <stdint.h>

#define PWM_FULL 65535u

uint32_t pwm_start(uintptr_t base, uint32_t clock_hz, uint32_t rate_hz); /* 0: no such rate */
void pwm_set(uintptr_t base, uint32_t channel, uint32_t duty); /* duty 0..PWM_FULL */
void pwm_stop(uintptr_t base);

#endif
