/* ESP32-C3 without a second-stage loader: the watchdogs that the ROM leaves running are stopped.
 * Registers as in ESP-IDF's soc/esp32c3 rtc_cntl_reg.h and timer_group_reg.h: RTC_CNTL
 * 0x60008000 (WDTCONFIG0 0x90, its key 0xa8; SWD_CONF 0xac, its key 0xb0), timer groups
 * 0x6001f000 and 0x60020000 (WDTCONFIG0 0x48, its key 0x64). */
#include "board.h"

#define REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define RTC 0x60008000u
#define GROUP0 0x6001f000u
#define GROUP1 0x60020000u
#define KEY 0x50d83aa1u
#define SUPER_KEY 0x8f1d312au
#define SUPER_FEEDS_ITSELF (1u << 31)

static void stop(uint32_t config, uint32_t key)
{
    REGISTER(key) = KEY;
    REGISTER(config) = 0;
    REGISTER(key) = 0;
}

void board_start(void)
{
    stop(RTC + 0x90u, RTC + 0xa8u);
    stop(GROUP0 + 0x48u, GROUP0 + 0x64u);
    stop(GROUP1 + 0x48u, GROUP1 + 0x64u);
    REGISTER(RTC + 0xb0u) = SUPER_KEY;
    REGISTER(RTC + 0xacu) |= SUPER_FEEDS_ITSELF;
    REGISTER(RTC + 0xb0u) = 0;
}
