/* A CAN 2.0 controller, polled. can_KIND.c has these functions. */
#ifndef MILLHAND_CAN_H
#define MILLHAND_CAN_H

#include <stdint.h>

struct can_frame {
    uint32_t id;
    uint8_t extended; /* 29 bits of id, else 11 */
    uint8_t remote;
    uint8_t size; /* 0..8 */
    uint8_t data[8];
};

uint32_t can_start(uintptr_t base, uint32_t bit_rate); /* 0: no such rate, or no controller */
uint32_t can_send(uintptr_t base, const struct can_frame *frame);  /* 0: no room, or no frame */
uint32_t can_receive(uintptr_t base, struct can_frame *frame);     /* 0: nothing has come */

#endif
