/* Frames to the host: replies, outputs and faults, through a ring that the UART empties. */
#include "board.h"
#include "hostlink_parts.h"

_Static_assert(sizeof(struct link_output_head) + sizeof(struct mailbox_output) <= FRAME_DATA_MAX,
               "an output has to fit into a frame");

void hostlink_pump(void)
{
    while (hostlink.sent != hostlink.encoder.head &&
           uart_put(hostlink.ring[hostlink.sent & (HOSTLINK_RING - 1u)]))
        hostlink.sent++;
}

/* A frame goes out whole or not at all; nobody waits for the wire. */
static uint32_t room(uint32_t frames)
{
    hostlink_pump();
    if (HOSTLINK_RING - (hostlink.encoder.head - hostlink.sent) >= frames * FRAME_WIRE_MAX)
        return 1;
    hostlink.dropped++;
    return 0;
}

void hostlink_reply(uint32_t type, uint32_t sequence, uint32_t result, const void *data,
                    uint32_t size)
{
    if (!room(1))
        return;
    const struct link_reply_head head = {
        .result = (uint8_t)result,
        .state = (uint8_t)hostlink.machine.state,
        .fault = (uint8_t)hostlink.machine.fault,
    };
    frame_begin(&hostlink.encoder, type | PROTOCOL_REPLY, sequence);
    frame_put(&hostlink.encoder, &head, sizeof head);
    if (size)
        frame_put(&hostlink.encoder, data, size);
    frame_end(&hostlink.encoder);
}

void hostlink_fill_crash(struct link_crash *crash)
{
    *crash = (struct link_crash){
        .state = hostlink.machine.state,
        .fault = hostlink.machine.fault,
        .tick = box->header.ticks,
        .mcause = box->header.mcause,
        .mepc = box->header.mepc,
        .mtval = box->header.mtval,
    };
    copy_bytes(crash->x, box->header.x, sizeof crash->x);
}

/* Outputs leave room for a reply: a host that asks is answered however much is to be told. */
void hostlink_send_output(uint32_t input_sequence)
{
    if (!room(2))
        return;
    const struct link_output_head head = {
        .tick = box->header.ticks,
        .instructions = box->header.instructions,
        .input = (uint16_t)input_sequence,
        .state = (uint8_t)hostlink.machine.state,
    };
    frame_begin(&hostlink.encoder, MESSAGE_OUTPUT, hostlink.own_sequence++);
    frame_put(&hostlink.encoder, &head, sizeof head);
    frame_put(&hostlink.encoder, (const void *)&box->output, sizeof box->output);
    frame_end(&hostlink.encoder);
}

void hostlink_send_fault(void)
{
    struct link_crash crash;
    if (!room(1))
        return;
    hostlink_fill_crash(&crash);
    frame_begin(&hostlink.encoder, MESSAGE_FAULT, hostlink.own_sequence++);
    frame_put(&hostlink.encoder, &crash, sizeof crash);
    frame_end(&hostlink.encoder);
}
