/* FE310: 16 MHz from the crystal in place of the ring oscillator that it starts with, and UART0 on
 * its pins (GPIO 17 transmits, 16 receives). Registers as in the FE310-G000 manual, chapters PRCI
 * and GPIO: hfxosccfg 0x10008004 (bit 30: on, 31: steady), pllcfg 0x10008008 (bit 16: use the
 * PLL's output, 17: from the crystal, 18: not multiplied), iof_en 0x10012038, iof_sel 0x1001203c. */
#include "board.h"

#define REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define HFXOSCCFG REGISTER(0x10008004u)
#define PLLCFG REGISTER(0x10008008u)
#define IOF_EN REGISTER(0x10012038u)
#define IOF_SEL REGISTER(0x1001203cu)
#define UART0_PINS (1u << 16 | 1u << 17)

void board_start(void)
{
    HFXOSCCFG |= 1u << 30;
    while (!(HFXOSCCFG & 1u << 31))
        ;
    PLLCFG |= 1u << 17 | 1u << 18;
    PLLCFG |= 1u << 16;
    IOF_SEL &= ~UART0_PINS;
    IOF_EN |= UART0_PINS;
}
