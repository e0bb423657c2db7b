/* The one door to the motors. A board that names an enable pin has it high only while commands
 * come; motors_stop takes it low first, then zeroes the commands. */
#include "motors.h"
#include "config.h"

#ifdef GPIO_MOTOR_ENABLE
#include "gpio.h"

void motors_start(void)
{
    gpio_write(GPIO_BASE, GPIO_MOTOR_ENABLE, 0);
    gpio_output(GPIO_BASE, GPIO_MOTOR_ENABLE);
}

static void enable(uint32_t on) { gpio_write(GPIO_BASE, GPIO_MOTOR_ENABLE, on); }

#else

void motors_start(void) {}
static void enable(uint32_t on) { (void)on; }

#endif

void motors_write(const struct mailbox_output *output)
{
    const uint8_t *from = (const uint8_t *)output;
    volatile uint8_t *to = (volatile uint8_t *)&box->output;
    for (uint32_t i = 0; i < sizeof *output; i++)
        to[i] = from[i];
    enable(1);
}

void motors_stop(void)
{
    enable(0);
    core_clear(&box->output, sizeof box->output);
}
