#include "check.h"
#include "gpio.h"

#define GPIO 0x10060000u
#define PINS 10u /* pin 10 is wired to reset */

void firmware_main(void)
{
    for (uint32_t pin = 0; pin < PINS; pin++) {
        gpio_write(GPIO, pin, 0);
        gpio_output(GPIO, pin);
    }
    for (uint32_t pin = 0; pin < PINS; pin++) {
        report(gpio_read(GPIO, pin));
        gpio_write(GPIO, pin, 1);
        uint32_t seen = 0;
        for (uint32_t other = 0; other < PINS; other++)
            seen |= gpio_read(GPIO, other) << other;
        report(seen);
        gpio_write(GPIO, pin, 0);
        report(gpio_read(GPIO, pin));
    }
    gpio_write(GPIO, 5, 1);
    gpio_input(GPIO, 5);
    report(gpio_read(GPIO, 5)); /* no longer driven, nothing on the pin */
    done(REPORT_DONE);
}
