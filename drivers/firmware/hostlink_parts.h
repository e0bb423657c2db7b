/* What the parts of the host link share with each other and with nobody else. */
#ifndef MILLHAND_HOSTLINK_PARTS_H
#define MILLHAND_HOSTLINK_PARTS_H

#include "hostlink.h"
#include "protocol.h"

/* hostlink_send.c */
void hostlink_pump(void);
void hostlink_reply(uint32_t type, uint32_t sequence, uint32_t result, const void *data,
                    uint32_t size);
void hostlink_fill_crash(struct link_crash *crash);

/* hostlink_answers.c */
void hostlink_hello(uint32_t sequence, const uint8_t *data, uint32_t size);
uint32_t hostlink_answer(uint32_t type, uint32_t sequence);

/* hostlink_acts.c */
uint32_t hostlink_act(uint32_t type, uint32_t sequence, const uint8_t *data, uint32_t size);

static inline void copy_bytes(volatile void *to, const volatile void *from, uint32_t size)
{
    volatile uint8_t *target = to;
    const volatile uint8_t *source = from;
    for (uint32_t i = 0; i < size; i++)
        target[i] = source[i];
}

static inline uint32_t hostlink_busy(void)
{
    return hostlink.machine.state == STATE_ARMED || hostlink.machine.state == STATE_RUNNING;
}

#endif
