/* What the host has the board do. What is refused changes nothing. */
#include "board.h"
#include "guard.h"
#include "hostlink_parts.h"
#include "motors.h"

_Static_assert(sizeof(struct link_arm) + 8u * OUTPUT_COMMANDS <= FRAME_DATA_MAX,
               "the limits have to fit into a frame");

/* A piece of an area: `offset u32`, then bytes. Pieces come in order; one from the start begins
 * anew. `have` counts what is in place. */
static uint32_t gather(volatile void *area, uint32_t area_size, uint32_t *have,
                       const uint8_t *data, uint32_t size)
{
    uint32_t offset;
    if (size < sizeof offset)
        return RESULT_SIZE;
    copy_bytes(&offset, data, sizeof offset);
    size -= (uint32_t)sizeof offset;
    if (offset == 0)
        *have = 0;
    if (offset != *have || size > area_size - offset)
        return RESULT_SIZE;
    copy_bytes((volatile uint8_t *)area + offset, data + sizeof offset, size);
    *have = offset + size;
    return RESULT_OK;
}

static uint32_t load(const uint8_t *data, uint32_t size)
{
    if (hostlink.machine.state != STATE_IDLE)
        return RESULT_STATE;
    hostlink.machine.loaded = 0;
    uint32_t result = gather(&box->params, sizeof box->params, &hostlink.params_bytes, data, size);
    if (result == RESULT_OK && hostlink.params_bytes == sizeof box->params)
        (void)state_event(&hostlink.machine, EVENT_LOADED, FAULT_NONE);
    return result;
}

static uint32_t arm(const uint8_t *data, uint32_t size)
{
    struct link_arm asked;
    uint64_t limits[OUTPUT_COMMANDS + 1] = {0};
    if (size != sizeof asked + 8u * OUTPUT_COMMANDS)
        return RESULT_SIZE;
    copy_bytes(&asked, data, sizeof asked);
    copy_bytes(limits, data + sizeof asked, 8u * OUTPUT_COMMANDS);
    if (!asked.period || !asked.watchdog || !guard_limits_valid(limits))
        return RESULT_VALUE;
    if (!state_event(&hostlink.machine, EVENT_ARM, FAULT_NONE))
        return RESULT_STATE;
    copy_bytes(hostlink.limits, limits, sizeof limits); /* a refused one changed nothing */
    hostlink.period = asked.period;
    hostlink.flags = asked.flags;
    hostlink.every = asked.every;
    hostlink.input_seen = hostlink.input_complete = hostlink.input_bytes = 0;
    watchdog_start(&hostlink.watchdog, asked.watchdog);
    core_clear(&box->state, sizeof box->state);
    core_clear(&box->input, sizeof box->input);
    box->header.ticks = 0;
    box->header.instructions = 0;
    hostlink.due = timer_now() + hostlink.period;
    return RESULT_OK;
}

static uint32_t start(void)
{
    if (hostlink.machine.state == STATE_ARMED && !hostlink.input_seen)
        return RESULT_NO_INPUT; /* nobody has said where the robot is */
    if (!state_event(&hostlink.machine, EVENT_START, FAULT_NONE))
        return RESULT_STATE;
    hostlink.due = timer_now() + hostlink.period;
    return RESULT_OK;
}

static uint32_t take_input(uint32_t sequence, const uint8_t *data, uint32_t size)
{
    if (!hostlink_busy())
        return RESULT_STATE;
    hostlink.input_complete = 0; /* what was there is being written over */
    uint32_t result =
        gather(&hostlink.input, sizeof hostlink.input, &hostlink.input_bytes, data, size);
    if (result == RESULT_OK && hostlink.input_bytes == sizeof hostlink.input) {
        hostlink.input_complete = hostlink.input_seen = 1;
        hostlink.input_sequence = sequence;
    }
    return result;
}

static uint32_t stop(void)
{
    motors_stop();
    return state_event(&hostlink.machine, EVENT_STOP, FAULT_NONE) ? RESULT_OK : RESULT_STATE;
}

/* A stack that overflowed has written over who knows what: only a reset helps then. */
static uint32_t clear(void)
{
    if (hostlink.machine.fault == FAULT_STACK || core_stack_overflowed() ||
        !state_event(&hostlink.machine, EVENT_CLEAR, FAULT_NONE))
        return RESULT_STATE;
    box->header.fault = FAULT_NONE;
    box->header.status = STATUS_READY;
    return RESULT_OK;
}

uint32_t hostlink_act(uint32_t type, uint32_t sequence, const uint8_t *data, uint32_t size)
{
    switch (type) {
    case MESSAGE_LOAD:
        return load(data, size);
    case MESSAGE_ARM:
        return arm(data, size);
    case MESSAGE_START:
        return start();
    case MESSAGE_INPUT:
        return take_input(sequence, data, size);
    case MESSAGE_STOP:
        return stop();
    case MESSAGE_CLEAR:
        return clear();
    default:
        return RESULT_UNKNOWN;
    }
}
