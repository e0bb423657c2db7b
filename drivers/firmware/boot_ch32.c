/* CH32V30x_D8C: 144 MHz from the internal oscillator, and USART1's clock and pins (PA9 transmits,
 * PA10 receives). Addresses and values as in openwch/ch32v307's ch32v30x.h and
 * system_ch32v30x.c: RCC 0x40021000 (CTLR 0x00, CFGR0 0x04, APB2PCENR 0x18), EXTEN_CTR
 * 0x40023800 (bit 4: the PLL takes 8 MHz undivided), GPIOA's CFGHR 0x40010804. */
#include "board.h"

#define REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define RCC_CTLR REGISTER(0x40021000u)
#define RCC_CFGR0 REGISTER(0x40021004u)
#define RCC_APB2PCENR REGISTER(0x40021018u)
#define EXTEN_CTR REGISTER(0x40023800u)
#define GPIOA_CFGHR REGISTER(0x40010804u)

static void start_pll(void)
{
    EXTEN_CTR |= 1u << 4;
    RCC_CFGR0 = (RCC_CFGR0 & ~(0xfu << 18 | 3u << 16)) | 4u << 8; /* 8 MHz x 18; PCLK1 half */
    RCC_CTLR |= 1u << 24;
    while (!(RCC_CTLR & 1u << 25))
        ;
    RCC_CFGR0 = (RCC_CFGR0 & ~3u) | 2u;
    while ((RCC_CFGR0 & 0xcu) != 8u)
        ;
}

void board_start(void)
{
    start_pll();
    RCC_APB2PCENR |= 1u << 14 | 1u << 2; /* USART1, port A */
    GPIOA_CFGHR = (GPIOA_CFGHR & ~0xff0u) | 0x4b0u; /* PA9: alternate, push-pull; PA10: input */
}
