/* boot -> idle -> armed -> running -> fault, as one function from (state, event) to a state.
 *
 * No registers and no memory of its own, so that the host can try every transition. States,
 * events and faults are drivers/protocol.py's and drivers/mailbox.py's (protocol.h). */
#include "state.h"
#include "protocol.h"

static uint32_t after(const struct machine *machine, uint32_t event)
{
    uint32_t state = machine->state;
    switch (event) {
    case EVENT_BOOTED:
        return state == STATE_BOOT ? STATE_IDLE : STATE_NONE;
    case EVENT_LOADED:
        return state == STATE_IDLE ? STATE_IDLE : STATE_NONE;
    case EVENT_ARM:
        return state == STATE_IDLE && machine->loaded ? STATE_ARMED : STATE_NONE;
    case EVENT_START:
        return state == STATE_ARMED ? STATE_RUNNING : STATE_NONE;
    case EVENT_STOP: /* never refused once booted; it does not clear a fault */
        if (state == STATE_BOOT)
            return STATE_NONE;
        return state == STATE_FAULT ? STATE_FAULT : STATE_IDLE;
    case EVENT_CLEAR:
        return state == STATE_FAULT ? STATE_IDLE : STATE_NONE;
    case EVENT_FAULT:
        return STATE_FAULT;
    default:
        return STATE_NONE;
    }
}

/* Take an event; 0 where the state does not allow it, and then nothing has changed. `fault` is
 * looked at with EVENT_FAULT alone. */
uint32_t state_event(struct machine *machine, uint32_t event, uint32_t fault)
{
    uint32_t next = after(machine, event);
    if (next == STATE_NONE)
        return 0;
    if (event == EVENT_FAULT && machine->state != STATE_FAULT)
        machine->fault = fault;
    if (event == EVENT_CLEAR)
        machine->fault = FAULT_NONE;
    /* What a fault leaves in params and state is not to be trusted: they come again. */
    if (event == EVENT_FAULT)
        machine->loaded = 0;
    if (event == EVENT_LOADED)
        machine->loaded = 1;
    machine->state = next;
    return 1;
}

uint32_t state_may_move(const struct machine *machine)
{
    return machine->state == STATE_RUNNING;
}
