/* What a test's firmware tells the test: numbers in RAM, where the mailbox of others lies. */
#include <stdint.h>
#include "config.h"

#define REPORT ((volatile uint32_t *)(uintptr_t)MAILBOX_BASE)
#define REPORT_DONE 0x600du
#define REPORT_CRASH 0xdeadu

static uint32_t report_size = 1;

void firmware_main(void);
void firmware_crash(unsigned long cause, unsigned long pc, unsigned long value);

static inline void report(uint32_t value) { REPORT[report_size++] = value; }

static inline void done(uint32_t how)
{
    __asm__ volatile("fence" ::: "memory");
    REPORT[0] = how;
    for (;;)
        __asm__ volatile("wfi");
}

void firmware_crash(unsigned long cause, unsigned long pc, unsigned long value)
{
    report((uint32_t)cause);
    report((uint32_t)pc);
    report((uint32_t)value);
    done(REPORT_CRASH);
}
