/* Bounded, seeded fuzzing of the frame decoder, to be built with sanitizers.
 *
 * usage: fuzz_frame SEED ROUNDS. Random frames are encoded; the wire is then mutated (bits, bytes
 * dropped, doubled, inserted, runs cut, noise between) and decoded. A decoded frame has to be one
 * of those that were sent; anything else would be a corrupt frame that was accepted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"

#define RING 4096u
#define FRAMES 3u

struct sent { uint32_t type, sequence, size; uint8_t data[FRAME_DATA_MAX]; };

static uint64_t state;

static uint32_t random_below(uint32_t limit)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 16) % limit);
}

static uint32_t mutate(uint8_t *wire, uint32_t size, uint32_t room)
{
    uint32_t at = size ? random_below(size) : 0;
    switch (random_below(6)) {
    case 0:
        if (size)
            wire[at] ^= (uint8_t)(1u << random_below(8));
        return size;
    case 1:
        if (size)
            wire[at] = (uint8_t)random_below(256);
        return size;
    case 2: /* drop a run */
        if (size) {
            uint32_t run = 1 + random_below(size - at < 40 ? size - at : 40);
            memmove(&wire[at], &wire[at + run], size - at - run);
            size -= run;
        }
        return size;
    case 3: /* insert noise */
        for (uint32_t n = random_below(20); n && size < room; n--) {
            memmove(&wire[at + 1], &wire[at], size - at);
            wire[at] = (uint8_t)random_below(256);
            size++;
        }
        return size;
    case 4: /* double a run */
        if (size) {
            uint32_t run = 1 + random_below(size - at < 40 ? size - at : 40);
            if (size + run <= room) {
                memmove(&wire[at + run], &wire[at], size - at);
                size += run;
            }
        }
        return size;
    default:
        return random_below(size + 1); /* cut off */
    }
}

static int known(const struct frame_decoder *decoder, const struct sent *sent, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (sent[i].type == frame_type(decoder) && sent[i].sequence == frame_sequence(decoder) &&
            sent[i].size == frame_data_size(decoder) &&
            !memcmp(sent[i].data, frame_data(decoder), sent[i].size))
            return 1;
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    state = strtoull(argv[1], NULL, 10) * 0x9e3779b97f4a7c15ull + 1;
    uint64_t rounds = strtoull(argv[2], NULL, 10), good = 0, bad = 0;
    static struct sent sent[FRAMES];
    static uint8_t ring[RING], wire[RING];
    /* On the heap and never cleared: the sanitizer sees its ends, and every round starts in
     * whatever state the last one left. */
    struct frame_decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder)
        return 2;
    for (uint64_t round = 0; round < rounds; round++) {
        struct frame_encoder encoder = {.ring = ring, .mask = RING - 1, .head = random_below(RING)};
        uint32_t start = encoder.head, count = 1 + random_below(FRAMES);
        for (uint32_t i = 0; i < count; i++) {
            sent[i].type = random_below(256);
            sent[i].sequence = random_below(65536);
            sent[i].size = random_below(4) ? random_below(40) : random_below(FRAME_DATA_MAX + 1);
            uint32_t zeros = random_below(3);
            for (uint32_t k = 0; k < sent[i].size; k++)
                sent[i].data[k] =
                    (uint8_t)(zeros == 0 ? random_below(2) : zeros == 1 ? 1 + random_below(255)
                                                                       : random_below(256));
            frame_begin(&encoder, sent[i].type, sent[i].sequence);
            frame_put(&encoder, sent[i].data, sent[i].size);
            frame_end(&encoder);
        }
        uint32_t size = encoder.head - start;
        if (size > count * FRAME_WIRE_MAX) {
            printf("round %llu: %u frames took %u bytes\n", (unsigned long long)round, count, size);
            return 1;
        }
        for (uint32_t i = 0; i < size; i++)
            wire[i] = ring[(start + i) & (RING - 1)];
        uint32_t mutations = random_below(6);
        for (uint32_t i = 0; i < mutations; i++)
            size = mutate(wire, size, RING);
        uint32_t here = 0;
        for (uint32_t i = 0; i < size; i++) {
            uint32_t result = frame_feed(decoder, wire[i]);
            if (result == FRAME_GOOD && !known(decoder, sent, count)) {
                printf("round %llu: a corrupt frame was accepted\n", (unsigned long long)round);
                return 1;
            }
            here += result == FRAME_GOOD;
            bad += result == FRAME_BAD;
        }
        if (!mutations && here != count) {
            printf("round %llu: %u of %u frames arrived\n", (unsigned long long)round, here, count);
            return 1;
        }
        good += here;
        (void)frame_feed(decoder, 0);
    }
    printf("%llu frames accepted, %llu refused\n", (unsigned long long)good,
           (unsigned long long)bad);
    free(decoder);
    return 0;
}
