/* The host link (drivers/protocol.py, docs/firmware.md): what comes from the host, and in what order
 * it counts. A frame is acted on once: one that comes again is answered again. */
#include "board.h"
#include "hostlink_parts.h"

struct hostlink hostlink;

static void take_frame(void)
{
    uint32_t type = frame_type(&hostlink.decoder), sequence = frame_sequence(&hostlink.decoder);
    const uint8_t *data = frame_data(&hostlink.decoder);
    uint32_t size = frame_data_size(&hostlink.decoder);
    if (type == MESSAGE_HELLO) {
        hostlink_hello(sequence, data, size);
        return;
    }
    if (!hostlink.greeted) {
        hostlink_reply(type, sequence, RESULT_NO_HELLO, 0, 0);
        return;
    }
    hostlink.heard_in_fault = hostlink.machine.state == STATE_FAULT;
    uint32_t ahead = (sequence - hostlink.last_sequence) & 0xffffu;
    if (ahead == 0 && type == hostlink.last_type) {
        hostlink.stale++;
        watchdog_feed(&hostlink.watchdog);
        if (!hostlink_answer(type, sequence) && type != MESSAGE_INPUT)
            hostlink_reply(type, sequence, hostlink.last_result, 0, 0);
        return;
    }
    if (ahead == 0 || ahead >= 0x8000u) {
        hostlink.stale++;
        return;
    }
    hostlink.lost += ahead - 1u;
    hostlink.last_sequence = sequence;
    hostlink.last_type = type;
    watchdog_feed(&hostlink.watchdog);
    if (hostlink_answer(type, sequence))
        return;
    hostlink.last_result = hostlink_act(type, sequence, data, size);
    if (type != MESSAGE_INPUT || hostlink.last_result != RESULT_OK)
        hostlink_reply(type, sequence, hostlink.last_result, 0, 0);
}

void hostlink_start(void)
{
    hostlink.encoder.ring = hostlink.ring;
    hostlink.encoder.mask = HOSTLINK_RING - 1u;
    (void)state_event(&hostlink.machine, EVENT_BOOTED, FAULT_NONE);
}

/* Send what waits, and take what has come: at most a frame's worth, so that a host that never
 * stops talking does not hold up a tick. */
void hostlink_poll(void)
{
    hostlink_pump();
    for (uint32_t i = 0; i < FRAME_WIRE_MAX; i++) {
        int32_t byte = uart_get();
        if (byte < 0)
            return;
        uint32_t result = frame_feed(&hostlink.decoder, (uint8_t)byte);
        if (result == FRAME_GOOD) {
            take_frame();
            return;
        }
        hostlink.bad += result == FRAME_BAD;
    }
}
