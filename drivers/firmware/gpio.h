/* General-purpose pins. gpio_KIND.c has these functions. */
#ifndef MILLHAND_GPIO_H
#define MILLHAND_GPIO_H

#include <stdint.h>

void gpio_output(uintptr_t base, uint32_t pin); /* drives what was written last */
void gpio_input(uintptr_t base, uint32_t pin);
void gpio_write(uintptr_t base, uint32_t pin, uint32_t high);
uint32_t gpio_read(uintptr_t base, uint32_t pin);

#endif
