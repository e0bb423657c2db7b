/* A watchdog in software: counts control ticks without a word from the host. Pure. */
#ifndef MILLHAND_WATCHDOG_H
#define MILLHAND_WATCHDOG_H

#include <stdint.h>

struct watchdog {
    uint32_t limit;
    uint32_t silent;
};

static inline void watchdog_start(struct watchdog *dog, uint32_t limit)
{
    dog->limit = limit;
    dog->silent = 0;
}

static inline void watchdog_feed(struct watchdog *dog) { dog->silent = 0; }

/* Once a tick; 1 when `limit` ticks have gone by since it was fed, and on every tick from then. */
static inline uint32_t watchdog_tick(struct watchdog *dog)
{
    if (dog->silent >= dog->limit)
        return 1;
    dog->silent++;
    return 0;
}

#endif
