/* RP2350: the block that its ROM looks for, 150 MHz from the 12 MHz crystal, a microsecond tick
 * for the timer, and UART0 on GPIO 0 and 1. The block is the datasheet's minimum RISC-V IMAGE_DEF
 * (5.9.5.2), with which the ROM enters an image at its lowest address; registers as in pico-sdk's
 * src/rp2350/hardware_regs. */
#include "board.h"

#define REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define CLOCKS 0x40010000u
#define CLK_REF_CTRL REGISTER(CLOCKS + 0x30u)
#define CLK_REF_SELECTED REGISTER(CLOCKS + 0x38u)
#define CLK_SYS_CTRL REGISTER(CLOCKS + 0x3cu)
#define CLK_SYS_SELECTED REGISTER(CLOCKS + 0x44u)
#define CLK_PERI_CTRL REGISTER(CLOCKS + 0x48u)
#define RESETS_RESET_CLEAR REGISTER(0x40023000u)
#define RESETS_DONE REGISTER(0x40020008u)
#define GPIO_CTRL(n) REGISTER(0x40028004u + 8u * (n))
#define PAD(n) REGISTER(0x40038004u + 4u * (n))
#define XOSC_CTRL REGISTER(0x40048000u)
#define XOSC_STATUS REGISTER(0x40048004u)
#define XOSC_STARTUP REGISTER(0x4004800cu)
#define PLL_CS REGISTER(0x40050000u)
#define PLL_PWR REGISTER(0x40050004u)
#define PLL_FBDIV REGISTER(0x40050008u)
#define PLL_PRIM REGISTER(0x4005000cu)
#define TICKS_RISCV_CTRL REGISTER(0x4010803cu)
#define TICKS_RISCV_CYCLES REGISTER(0x40108040u)

#define NEEDED (1u << 6 | 1u << 9 | 1u << 14 | 1u << 26) /* IO and pads of bank 0, PLL, UART0 */

__attribute__((section(".text.boot"), used))
static const uint32_t image_def[5] = {
    0xffffded3u, 0x11010142u, 0x000001ffu, 0x00000000u, 0xab123579u,
};

static void release(uint32_t blocks)
{
    RESETS_RESET_CLEAR = blocks;
    while ((RESETS_DONE & blocks) != blocks)
        ;
}

static void start_clocks(void)
{
    XOSC_STARTUP = 47; /* of 256 crystal cycles: a millisecond */
    XOSC_CTRL = 0xfabaa0u; /* on, 1 to 15 MHz */
    while (!(XOSC_STATUS & 1u << 31))
        ;
    CLK_REF_CTRL = 2; /* the crystal */
    while (!(CLK_REF_SELECTED & 1u << 2))
        ;
    CLK_SYS_CTRL = 0; /* off the PLL while that changes */
    while (!(CLK_SYS_SELECTED & 1u))
        ;
    release(NEEDED);
    PLL_PWR = 0x2du; /* off */
    PLL_CS = 1;
    PLL_FBDIV = 125; /* 1500 MHz, then / 5 / 2 */
    PLL_PWR = 0x08u; /* on, but for the dividers behind it */
    while (!(PLL_CS & 1u << 31))
        ;
    PLL_PRIM = 5u << 16 | 2u << 12;
    PLL_PWR = 0;
    CLK_SYS_CTRL = 1;
    while (!(CLK_SYS_SELECTED & 1u << 1))
        ;
    CLK_PERI_CTRL = 1u << 11 | 4u << 5; /* on, from the crystal */
}

void board_start(void)
{
    __asm__ volatile("csrw mcountinhibit, zero"); /* it counts nothing after reset */
    start_clocks();
    TICKS_RISCV_CYCLES = 12;
    TICKS_RISCV_CTRL = 1;
    for (uint32_t pin = 0; pin < 2; pin++) {
        PAD(pin) = 0x56u; /* not isolated, input on, 4 mA, as after reset but for the isolation */
        GPIO_CTRL(pin) = 2; /* the UART */
    }
}
