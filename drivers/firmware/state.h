/* The state machine of free-running control: when motors may move. Pure; see state.c. */
#ifndef MILLHAND_STATE_H
#define MILLHAND_STATE_H

#include <stdint.h>

struct machine {
    uint32_t state;
    uint32_t fault;  /* why, in STATE_FAULT; the first fault stays until it is cleared */
    uint32_t loaded; /* parameters are in place */
};

uint32_t state_event(struct machine *machine, uint32_t event, uint32_t fault);
uint32_t state_may_move(const struct machine *machine);

#endif
