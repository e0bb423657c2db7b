/* NXP's SJA1000 in PeliCAN mode, byte registers, 16 MHz crystal: Kvaser's PCIcan among others.
 * Registers: SJA1000 data sheet (4 January 2000), section 6.4. */
#include "can.h"
#include "mmio.h"

#define MODE 0u
#define COMMAND 1u
#define STATUS 2u
#define INTERRUPT_ENABLE 4u
#define TIMING_0 6u
#define TIMING_1 7u
#define OUTPUT 8u
#define BUFFER 16u /* in operating mode; in reset mode the acceptance filter */
#define CLOCK 31u

#define MODE_RESET 0x01u
#define MODE_TWO_FILTERS 0x00u
#define COMMAND_SEND 0x01u
#define COMMAND_RELEASE 0x04u
#define STATUS_RECEIVED 0x01u
#define STATUS_ROOM 0x04u
#define CLOCK_PELICAN_NO_COMPARATOR 0xc8u /* and no clock output */
#define OUTPUT_PUSH_PULL 0x1au
#define INFO_EXTENDED 0x80u
#define INFO_REMOTE 0x40u
#define LOOKS 1000u
#define SLOTS 16u /* time quanta of a bit: 1 + 13 + 2, sampled at 87.5 % */
#define TIMING_1_13_2 0x1cu
#define CAN_CLOCK_HZ 8000000u

static uint32_t get(uintptr_t base, uint32_t number) { return mmio_read8(base + number); }
static void set(uintptr_t base, uint32_t number, uint32_t value)
{
    mmio_write8(base + number, value & 0xffu);
}

uint32_t can_start(uintptr_t base, uint32_t bit_rate)
{
    uint32_t quanta = bit_rate * SLOTS, looks = LOOKS;
    if (!bit_rate || bit_rate > CAN_CLOCK_HZ / SLOTS || CAN_CLOCK_HZ % quanta ||
        CAN_CLOCK_HZ / quanta > 64u)
        return 0;
    set(base, MODE, MODE_RESET);
    while (!(get(base, MODE) & MODE_RESET))
        if (--looks == 0)
            return 0;
    set(base, CLOCK, CLOCK_PELICAN_NO_COMPARATOR);
    set(base, MODE, MODE_RESET); /* once more: the mode register of PeliCAN */
    set(base, INTERRUPT_ENABLE, 0);
    set(base, TIMING_0, CAN_CLOCK_HZ / quanta - 1u);
    set(base, TIMING_1, TIMING_1_13_2);
    set(base, OUTPUT, OUTPUT_PUSH_PULL);
    for (uint32_t i = 0; i < 4; i++) {
        set(base, BUFFER + i, 0);
        set(base, BUFFER + 4u + i, 0xffu); /* every bit may be anything */
    }
    /* Both filters are open. QEMU compares three bits too many in the one of single mode. */
    set(base, MODE, MODE_TWO_FILTERS);
    for (looks = LOOKS; looks; looks--)
        if (!(get(base, MODE) & MODE_RESET))
            return 1;
    return 0;
}

uint32_t can_send(uintptr_t base, const struct can_frame *frame)
{
    uint32_t at = BUFFER, id = frame->id;
    if (frame->size > 8u || id >= (frame->extended ? 1u << 29 : 1u << 11) ||
        !(get(base, STATUS) & STATUS_ROOM))
        return 0;
    set(base, at++, (frame->extended ? INFO_EXTENDED : 0u) | (frame->remote ? INFO_REMOTE : 0u) |
                        frame->size);
    id <<= frame->extended ? 3u : 21u; /* to the left of 32 bits */
    for (uint32_t i = 0; i < (frame->extended ? 4u : 2u); i++)
        set(base, at++, id >> (24u - 8u * i));
    for (uint32_t i = 0; i < frame->size && !frame->remote; i++)
        set(base, at++, frame->data[i]);
    set(base, COMMAND, COMMAND_SEND);
    return 1;
}

uint32_t can_receive(uintptr_t base, struct can_frame *frame)
{
    uint32_t at = BUFFER, id = 0;
    if (!(get(base, STATUS) & STATUS_RECEIVED))
        return 0;
    uint32_t info = get(base, at++), size = info & 15u;
    *frame = (struct can_frame){
        .extended = (info & INFO_EXTENDED) != 0,
        .remote = (info & INFO_REMOTE) != 0,
        .size = (uint8_t)(size > 8u ? 8u : size),
    };
    for (uint32_t i = 0; i < (frame->extended ? 4u : 2u); i++)
        id |= get(base, at++) << (24u - 8u * i);
    frame->id = id >> (frame->extended ? 3u : 21u);
    for (uint32_t i = 0; i < frame->size && !frame->remote; i++)
        frame->data[i] = (uint8_t)get(base, at++);
    set(base, COMMAND, COMMAND_RELEASE);
    return 1;
}
