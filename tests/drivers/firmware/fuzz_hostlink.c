/* Bounded, seeded fuzzing of the host link's messages, to be built with sanitizers.
 *
 * usage: fuzz_hostlink SEED ROUNDS. Frames of random type, size and content, valid ones among them,
 * reach hostlink.c as the UART would bring them. After each the state must be one that the frame
 * may have led to, a refused request must have changed nothing, and every answer must be a frame. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "guard.h"
#include "hostlink.h"
#include "motors.h"
#include "protocol.h"

unsigned char fuzz_mailbox[sizeof(struct mailbox)] __attribute__((aligned(64)));
/* The image's bounds, as the linker script sets them. */
const uint8_t __text_start[64] = {1}, __rodata_start[64] = {2};
__asm__(".globl __text_end, __rodata_end\n"
        ".set __text_end, __text_start + 64\n"
        ".set __rodata_end, __rodata_start + 64");

static uint8_t wire[4096];
static uint32_t wire_size, wire_at, stops;
static struct frame_decoder answers;
static uint32_t answered, last_result, spoilt, running;
static uint64_t state;

static uint32_t random_below(uint32_t limit)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 16) % limit);
}

int32_t uart_get(void) { return wire_at < wire_size ? wire[wire_at++] : -1; }

uint32_t uart_put(uint8_t byte)
{
    uint32_t result = frame_feed(&answers, byte);
    spoilt += result == FRAME_BAD;
    if (result == FRAME_GOOD) {
        answered++;
        last_result = frame_data(&answers)[0];
    }
    return 1;
}

uint64_t timer_now(void) { return random_below(1000); }
uint32_t core_stack_used(void) { return 1; }
uint32_t core_stack_overflowed(void) { return 0; }
void motors_stop(void) { stops++; }

void core_clear(volatile void *area, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        ((volatile uint8_t *)area)[i] = 0;
}

static void send(uint32_t type, uint32_t sequence, const uint8_t *data, uint32_t size)
{
    struct frame_encoder encoder = {.ring = wire, .mask = sizeof wire - 1};
    frame_begin(&encoder, type, sequence);
    frame_put(&encoder, data, size);
    frame_end(&encoder);
    wire_size = encoder.head;
    wire_at = 0;
    if (random_below(8) == 0)
        wire[random_below(wire_size)] ^= (uint8_t)(1u << random_below(8));
    while (wire_at < wire_size)
        hostlink_poll();
    hostlink_poll();
}

static uint32_t make(uint32_t type, uint8_t *data)
{
    uint32_t size = random_below(4) ? random_below(64) : random_below(FRAME_DATA_MAX + 1);
    for (uint32_t i = 0; i < FRAME_DATA_MAX; i++)
        data[i] = (uint8_t)random_below(256);
    if (random_below(4) == 0)
        return size;
    struct link_hello hello = {.version = PROTOCOL_VERSION, .layout = MAILBOX_LAYOUT,
                               .controller = CONTROLLER_NAME, .board = BOARD_NAME};
    struct link_arm arm = {1 + random_below(2), 1 + random_below(2), random_below(8), 1};
    uint64_t limit = random_below(8) ? 0x4024000000000000ull : 0x7ff8000000000000ull;
    switch (type) {
    case MESSAGE_HELLO:
        memcpy(data, &hello, sizeof hello);
        return sizeof hello;
    case MESSAGE_ARM:
        memcpy(data, &arm, sizeof arm);
        for (uint32_t i = 0; i < OUTPUT_COMMANDS; i++)
            memcpy(data + sizeof arm + 8 * i, &limit, 8);
        return sizeof arm + 8 * OUTPUT_COMMANDS;
    case MESSAGE_LOAD:
        memset(data, 0, 4);
        return 4 + sizeof(struct mailbox_params);
    case MESSAGE_INPUT:
        memset(data, 0, 4);
        return 4 + sizeof(struct mailbox_input);
    default:
        return size;
    }
}

static int broken(const char *what, uint64_t round)
{
    printf("round %llu: %s\n", (unsigned long long)round, what);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    state = strtoull(argv[1], NULL, 10) * 0x9e3779b97f4a7c15ull + 1;
    uint64_t rounds = strtoull(argv[2], NULL, 10);
    uint32_t sequence = 0;
    static uint8_t data[FRAME_DATA_MAX];
    hostlink_start();
    for (uint64_t round = 0; round < rounds; round++) {
        const struct machine before = hostlink.machine;
        uint64_t limits[OUTPUT_COMMANDS + 1];
        memcpy(limits, hostlink.limits, sizeof limits);
        uint32_t type = random_below(16) ? random_below(11) : random_below(256);
        uint32_t stopped = stops, answers_before = answered;
        sequence += random_below(10) ? 1 : random_below(65536);
        if (!hostlink.greeted || hostlink.last_sequence - sequence < 100u)
            type = random_below(4) ? MESSAGE_HELLO : type;
        uint32_t size = make(type, data);
        send(type, sequence & 0xffffu, data, size);
        const struct machine *after = &hostlink.machine;
        if (after->state != before.state) {
            uint32_t from = before.state, to = after->state;
            int may = (from == STATE_IDLE && to == STATE_ARMED && before.loaded) ||
                      (from == STATE_ARMED && to == STATE_RUNNING && hostlink.input_seen) ||
                      (from == STATE_FAULT && to == STATE_IDLE) ||
                      ((from == STATE_ARMED || from == STATE_RUNNING) && to == STATE_IDLE &&
                       stops > stopped);
            if (!may)
                return broken("a transition that there is not", round);
        }
        if (before.state != STATE_IDLE && memcmp(limits, hostlink.limits, sizeof limits))
            return broken("limits changed while they were in use", round);
        if (!guard_limits_valid(hostlink.limits))
            return broken("limits that are none", round);
        if (answered != answers_before && last_result && type != MESSAGE_STOP &&
            after->state != before.state)
            return broken("a refused request changed the state", round);
        running += after->state == STATE_RUNNING;
        if (random_below(200) == 0)
            (void)state_event(&hostlink.machine, EVENT_FAULT, FAULT_TRAP);
    }
    if (spoilt)
        return broken("an answer that is no frame", rounds);
    printf("%u answered, %u rounds running\n", answered, running);
    return 0;
}
