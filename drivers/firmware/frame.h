/* Frames of the host link: COBS between zero bytes, CRC-32 at the end. See frame.c. */
#ifndef MILLHAND_FRAME_H
#define MILLHAND_FRAME_H

#include <stdint.h>

#define FRAME_HEAD 4u
#define FRAME_DATA_MAX 512u
#define FRAME_RAW_MAX (FRAME_HEAD + FRAME_DATA_MAX + 4u)
/* A zero on either side, and one code byte for every 254 bytes or part of them. */
#define FRAME_WIRE_MAX (FRAME_RAW_MAX + FRAME_RAW_MAX / 254u + 3u)

enum frame_result { FRAME_NONE = 0, FRAME_GOOD = 1, FRAME_BAD = 2 };

/* Takes bytes off the wire. All zero is a valid start. */
struct frame_decoder {
    uint32_t size;
    uint8_t code;
    uint8_t left;
    uint8_t bad;
    uint8_t started;
    uint8_t raw[FRAME_RAW_MAX];
};

/* Writes frames into a ring of `mask + 1` bytes, a power of two; `head` counts up for ever. */
struct frame_encoder {
    uint8_t *ring;
    uint32_t mask;
    uint32_t head;
    uint32_t code_at;
    uint32_t crc;
    uint32_t code;
};

uint32_t frame_crc(uint32_t crc, const uint8_t *bytes, uint32_t size);

uint32_t frame_feed(struct frame_decoder *decoder, uint8_t byte);
uint32_t frame_type(const struct frame_decoder *decoder);
uint32_t frame_sequence(const struct frame_decoder *decoder);
const uint8_t *frame_data(const struct frame_decoder *decoder);
uint32_t frame_data_size(const struct frame_decoder *decoder);

void frame_begin(struct frame_encoder *encoder, uint32_t type, uint32_t sequence);
void frame_put(struct frame_encoder *encoder, const void *bytes, uint32_t size);
void frame_end(struct frame_encoder *encoder);

#endif
