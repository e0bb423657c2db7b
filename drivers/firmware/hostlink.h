/* The host link: frames in, replies out, and what they set. See hostlink*.c. */
#ifndef MILLHAND_HOSTLINK_H
#define MILLHAND_HOSTLINK_H

#include <stdint.h>
#include "core.h"
#include "frame.h"
#include "output.h"
#include "state.h"
#include "watchdog.h"

#define HOSTLINK_RING 2048u

struct hostlink {
    struct machine machine;
    struct watchdog watchdog;
    struct frame_decoder decoder;
    struct frame_encoder encoder;
    uint32_t sent; /* ring bytes that have gone to the UART */
    uint32_t greeted;
    uint32_t last_sequence, last_type, last_result;
    uint32_t own_sequence;
    uint32_t lost, bad, stale, dropped;
    uint32_t period, flags, every;
    uint32_t params_bytes;
    uint32_t input_bytes, input_sequence, input_complete, input_seen;
    uint32_t heard_in_fault; /* the host has said something since the fault */
    uint64_t due;
    uint64_t limits[OUTPUT_COMMANDS + 1];
    struct mailbox_input input; /* gathered here, given to the kernel between ticks */
    uint8_t ring[HOSTLINK_RING];
};

extern struct hostlink hostlink;

void hostlink_start(void);
void hostlink_poll(void);
void hostlink_send_output(uint32_t input_sequence);
void hostlink_send_fault(void);

#endif
