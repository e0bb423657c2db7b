/* Messages of the host link (drivers/protocol.py, docs/firmware.md): what the host asks, and what
 * the board answers. A frame is acted on once: one that comes again is answered again. */
#include "hostlink.h"
#include "board.h"
#include "config.h"
#include "guard.h"
#include "motors.h"
#include "protocol.h"
#include "sha256.h"

_Static_assert(sizeof(struct link_output_head) + sizeof(struct mailbox_output) <= FRAME_DATA_MAX,
               "an output has to fit into a frame");
_Static_assert(sizeof(struct link_arm) + 8u * OUTPUT_COMMANDS <= FRAME_DATA_MAX,
               "the limits have to fit into a frame");

extern const uint8_t __text_start[], __text_end[], __rodata_start[], __rodata_end[];

struct hostlink hostlink;

static void copy(volatile void *to, const volatile void *from, uint32_t size)
{
    volatile uint8_t *target = to;
    const volatile uint8_t *source = from;
    for (uint32_t i = 0; i < size; i++)
        target[i] = source[i];
}

static uint32_t same(const void *one, const void *other, uint32_t size)
{
    const uint8_t *a = one, *b = other;
    uint32_t different = 0;
    for (uint32_t i = 0; i < size; i++)
        different |= (uint32_t)(a[i] ^ b[i]);
    return different == 0;
}

static void pump(void)
{
    while (hostlink.sent != hostlink.encoder.head &&
           uart_put(hostlink.ring[hostlink.sent & (HOSTLINK_RING - 1u)]))
        hostlink.sent++;
}

/* A frame goes out whole or not at all; nobody waits for the wire. */
static uint32_t room(uint32_t frames)
{
    pump();
    if (HOSTLINK_RING - (hostlink.encoder.head - hostlink.sent) >= frames * FRAME_WIRE_MAX)
        return 1;
    hostlink.dropped++;
    return 0;
}

static void reply(uint32_t type, uint32_t sequence, uint32_t result, const void *data,
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

static uint32_t judge_hello(const uint8_t *data, uint32_t size, const struct link_hello *own)
{
    struct link_hello theirs;
    if (size != sizeof theirs)
        return RESULT_SIZE;
    copy(&theirs, data, sizeof theirs);
    if (theirs.version != PROTOCOL_VERSION)
        return RESULT_VERSION;
    if (!same(theirs.board, own->board, sizeof own->board))
        return RESULT_BOARD;
    if (!same(theirs.controller, own->controller, sizeof own->controller))
        return RESULT_CONTROLLER;
    return theirs.layout == own->layout ? RESULT_OK : RESULT_LAYOUT;
}

static void answer_hello(uint32_t sequence, const uint8_t *data, uint32_t size)
{
    struct { struct link_hello hello; struct link_sizes sizes; } own = {
        .hello = {.version = PROTOCOL_VERSION,
                  .layout = MAILBOX_LAYOUT,
                  .controller = CONTROLLER_NAME,
                  .board = BOARD_NAME},
        .sizes = {.params = sizeof box->params,
                  .input = sizeof box->input,
                  .output = sizeof box->output,
                  .commands = OUTPUT_COMMANDS,
                  .timer_hz = TIMER_HZ},
    };
    uint32_t result = judge_hello(data, size, &own.hello);
    hostlink.greeted = result == RESULT_OK;
    if (hostlink.greeted)
        watchdog_feed(&hostlink.watchdog);
    hostlink.last_sequence = sequence;
    hostlink.last_type = MESSAGE_HELLO;
    reply(MESSAGE_HELLO, sequence, result, &own, sizeof own);
}

static uint32_t busy(void)
{
    return hostlink.machine.state == STATE_ARMED || hostlink.machine.state == STATE_RUNNING;
}

static void answer_identity(uint32_t sequence)
{
    struct sha256 hash;
    struct link_identity own = {.size = 0};
    if (busy()) { /* hashing takes longer than a tick */
        reply(MESSAGE_IDENTITY, sequence, RESULT_STATE, 0, 0);
        return;
    }
    uint32_t text = (uint32_t)(__text_end - __text_start);
    uint32_t rodata = (uint32_t)(__rodata_end - __rodata_start);
    own.size = text + rodata;
    sha256_start(&hash);
    sha256_put(&hash, __text_start, text);
    sha256_put(&hash, __rodata_start, rodata);
    sha256_end(&hash, own.sha256);
    reply(MESSAGE_IDENTITY, sequence, RESULT_OK, &own, sizeof own);
}

static void answer_status(uint32_t sequence)
{
    const struct link_status own = {
        .ticks = box->header.ticks,
        .instructions = box->header.instructions,
        .stack_used = busy() ? ~0u : core_stack_used(),
        .lost = hostlink.lost,
        .bad = hostlink.bad,
        .stale = hostlink.stale,
        .dropped = hostlink.dropped,
    };
    reply(MESSAGE_STATUS, sequence, RESULT_OK, &own, sizeof own);
}

static void fill_crash(struct link_crash *crash)
{
    *crash = (struct link_crash){
        .state = hostlink.machine.state,
        .fault = hostlink.machine.fault,
        .tick = box->header.ticks,
        .mcause = box->header.mcause,
        .mepc = box->header.mepc,
        .mtval = box->header.mtval,
    };
    copy(crash->x, box->header.x, sizeof crash->x);
}

/* A piece of an area: `offset u32`, then bytes. Pieces come in order; one from the start begins
 * anew. `have` counts what is in place. */
static uint32_t gather(volatile void *area, uint32_t area_size, uint32_t *have,
                       const uint8_t *data, uint32_t size)
{
    uint32_t offset;
    if (size < sizeof offset)
        return RESULT_SIZE;
    copy(&offset, data, sizeof offset);
    size -= (uint32_t)sizeof offset;
    if (offset == 0)
        *have = 0;
    if (offset != *have || size > area_size - offset)
        return RESULT_SIZE;
    copy((volatile uint8_t *)area + offset, data + sizeof offset, size);
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
    copy(&asked, data, sizeof asked);
    copy(limits, data + sizeof asked, 8u * OUTPUT_COMMANDS);
    if (!asked.period || !asked.watchdog || !guard_limits_valid(limits))
        return RESULT_VALUE;
    if (!state_event(&hostlink.machine, EVENT_ARM, FAULT_NONE))
        return RESULT_STATE;
    copy(hostlink.limits, limits, sizeof limits); /* a refused one changed nothing */
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
    if (!busy())
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

static uint32_t act(uint32_t type, uint32_t sequence, const uint8_t *data, uint32_t size)
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

/* Reading needs no order: the same question gets the newest answer. 1 where it was one. */
static uint32_t answer_question(uint32_t type, uint32_t sequence)
{
    struct link_crash crash;
    switch (type) {
    case MESSAGE_IDENTITY:
        answer_identity(sequence);
        return 1;
    case MESSAGE_STATUS:
        answer_status(sequence);
        return 1;
    case MESSAGE_REPORT:
        fill_crash(&crash);
        reply(MESSAGE_REPORT, sequence, RESULT_OK, &crash, sizeof crash);
        return 1;
    default:
        return 0;
    }
}

static void take_frame(void)
{
    uint32_t type = frame_type(&hostlink.decoder), sequence = frame_sequence(&hostlink.decoder);
    const uint8_t *data = frame_data(&hostlink.decoder);
    uint32_t size = frame_data_size(&hostlink.decoder);
    if (type == MESSAGE_HELLO) {
        answer_hello(sequence, data, size);
        return;
    }
    if (!hostlink.greeted) {
        reply(type, sequence, RESULT_NO_HELLO, 0, 0);
        return;
    }
    hostlink.heard_in_fault = hostlink.machine.state == STATE_FAULT;
    uint32_t ahead = (sequence - hostlink.last_sequence) & 0xffffu;
    if (ahead == 0 && type == hostlink.last_type) {
        hostlink.stale++;
        watchdog_feed(&hostlink.watchdog);
        if (!answer_question(type, sequence) && type != MESSAGE_INPUT)
            reply(type, sequence, hostlink.last_result, 0, 0);
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
    if (answer_question(type, sequence))
        return;
    hostlink.last_result = act(type, sequence, data, size);
    if (type != MESSAGE_INPUT || hostlink.last_result != RESULT_OK)
        reply(type, sequence, hostlink.last_result, 0, 0);
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
    pump();
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
    fill_crash(&crash);
    frame_begin(&hostlink.encoder, MESSAGE_FAULT, hostlink.own_sequence++);
    frame_put(&hostlink.encoder, &crash, sizeof crash);
    frame_end(&hostlink.encoder);
}
