/* Frames: `type u8, 0 u8, sequence u16, data, crc u32`, little-endian, in COBS between zeros.
 *
 * COBS: Cheshire and Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM ToN 7(2), 1999. CRC-32:
 * IEEE 802.3, reflected, as in zlib. Nothing is allocated; the longest frame is FRAME_RAW_MAX. */
#include "frame.h"

#define CRC_START 0xffffffffu
#define FULL_BLOCK 0xffu

/* Four bits at a time: a sixteenth of the usual table. */
static const uint32_t crc_table[16] = {
    0x00000000u, 0x1db71064u, 0x3b6e20c8u, 0x26d930acu, 0x76dc4190u, 0x6b6b51f4u,
    0x4db26158u, 0x5005713cu, 0xedb88320u, 0xf00f9344u, 0xd6d6a3e8u, 0xcb61b38cu,
    0x9b64c2b0u, 0x86d3d2d4u, 0xa00ae278u, 0xbdbdf21cu,
};

/* The register itself: start from all ones, invert at the end. */
uint32_t frame_crc(uint32_t crc, const uint8_t *bytes, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        crc = crc >> 4 ^ crc_table[crc & 15u];
        crc = crc >> 4 ^ crc_table[crc & 15u];
    }
    return crc;
}

static uint32_t word(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static void append(struct frame_decoder *decoder, uint8_t byte)
{
    if (decoder->size < FRAME_RAW_MAX)
        decoder->raw[decoder->size++] = byte;
    else
        decoder->bad = 1;
}

static uint32_t finish(const struct frame_decoder *decoder)
{
    if (!decoder->started)
        return FRAME_NONE; /* zeros in a row say nothing */
    if (decoder->bad || decoder->left || decoder->size < FRAME_HEAD + 4u || decoder->raw[1])
        return FRAME_BAD;
    uint32_t body = decoder->size - 4u;
    uint32_t crc = ~frame_crc(CRC_START, decoder->raw, body);
    return crc == word(&decoder->raw[body]) ? FRAME_GOOD : FRAME_BAD;
}

/* Take a byte. After FRAME_GOOD the frame can be read until the next byte is fed. */
uint32_t frame_feed(struct frame_decoder *decoder, uint8_t byte)
{
    if (byte == 0) {
        uint32_t result = finish(decoder);
        decoder->started = 0;
        return result;
    }
    if (!decoder->started) {
        decoder->size = 0;
        decoder->bad = 0;
        decoder->left = (uint8_t)(byte - 1u);
        decoder->code = byte;
        decoder->started = 1;
    } else if (decoder->left) {
        decoder->left--;
        append(decoder, byte);
    } else {
        if (decoder->code != FULL_BLOCK)
            append(decoder, 0);
        decoder->left = (uint8_t)(byte - 1u);
        decoder->code = byte;
    }
    return FRAME_NONE;
}

uint32_t frame_type(const struct frame_decoder *decoder) { return decoder->raw[0]; }

uint32_t frame_sequence(const struct frame_decoder *decoder)
{
    return (uint32_t)decoder->raw[2] | (uint32_t)decoder->raw[3] << 8;
}

const uint8_t *frame_data(const struct frame_decoder *decoder)
{
    return &decoder->raw[FRAME_HEAD];
}

uint32_t frame_data_size(const struct frame_decoder *decoder)
{
    return decoder->size - FRAME_HEAD - 4u;
}

static void emit(struct frame_encoder *encoder, uint32_t byte)
{
    encoder->ring[encoder->head++ & encoder->mask] = (uint8_t)byte;
}

static void open_block(struct frame_encoder *encoder)
{
    encoder->code_at = encoder->head;
    encoder->code = 1;
    emit(encoder, 0); /* the code goes here once it is known */
}

static void close_block(struct frame_encoder *encoder)
{
    encoder->ring[encoder->code_at & encoder->mask] = (uint8_t)encoder->code;
}

static void stuff(struct frame_encoder *encoder, uint32_t byte)
{
    /* A full block is closed only when more comes: the last one ends at the zero. */
    if (encoder->code == FULL_BLOCK) {
        close_block(encoder);
        open_block(encoder);
    }
    if (byte) {
        emit(encoder, byte);
        encoder->code++;
    } else {
        close_block(encoder);
        open_block(encoder);
    }
}

/* The caller has seen to it that the ring has room for FRAME_WIRE_MAX bytes. */
void frame_begin(struct frame_encoder *encoder, uint32_t type, uint32_t sequence)
{
    const uint8_t head[FRAME_HEAD] = {
        (uint8_t)type, 0, (uint8_t)sequence, (uint8_t)(sequence >> 8)};
    emit(encoder, 0); /* whatever was on the wire before ends here */
    open_block(encoder);
    encoder->crc = CRC_START;
    frame_put(encoder, head, FRAME_HEAD);
}

void frame_put(struct frame_encoder *encoder, const void *bytes, uint32_t size)
{
    const uint8_t *from = bytes;
    encoder->crc = frame_crc(encoder->crc, from, size);
    for (uint32_t i = 0; i < size; i++)
        stuff(encoder, from[i]);
}

void frame_end(struct frame_encoder *encoder)
{
    uint32_t crc = ~encoder->crc;
    for (uint32_t i = 0; i < 4; i++)
        stuff(encoder, crc >> (8 * i) & 0xffu);
    close_block(encoder);
    emit(encoder, 0);
}
