/* What the board says of itself: who it is, what it holds, how it fares. */
#include "board.h"
#include "config.h"
#include "hostlink_parts.h"
#include "sha256.h"

extern const uint8_t __text_start[], __text_end[], __rodata_start[], __rodata_end[];

static uint32_t same(const void *one, const void *other, uint32_t size)
{
    const uint8_t *a = one, *b = other;
    uint32_t different = 0;
    for (uint32_t i = 0; i < size; i++)
        different |= (uint32_t)(a[i] ^ b[i]);
    return different == 0;
}

static uint32_t judge_hello(const uint8_t *data, uint32_t size, const struct link_hello *own)
{
    struct link_hello theirs;
    if (size != sizeof theirs)
        return RESULT_SIZE;
    copy_bytes(&theirs, data, sizeof theirs);
    if (theirs.version != PROTOCOL_VERSION)
        return RESULT_VERSION;
    if (!same(theirs.board, own->board, sizeof own->board))
        return RESULT_BOARD;
    if (!same(theirs.controller, own->controller, sizeof own->controller))
        return RESULT_CONTROLLER;
    return theirs.layout == own->layout ? RESULT_OK : RESULT_LAYOUT;
}

void hostlink_hello(uint32_t sequence, const uint8_t *data, uint32_t size)
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
    hostlink_reply(MESSAGE_HELLO, sequence, result, &own, sizeof own);
}

static void answer_identity(uint32_t sequence)
{
    struct sha256 hash;
    struct link_identity own = {.size = 0};
    if (hostlink_busy()) { /* hashing takes longer than a tick */
        hostlink_reply(MESSAGE_IDENTITY, sequence, RESULT_STATE, 0, 0);
        return;
    }
    uint32_t text = (uint32_t)(__text_end - __text_start);
    uint32_t rodata = (uint32_t)(__rodata_end - __rodata_start);
    own.size = text + rodata;
    sha256_start(&hash);
    sha256_put(&hash, __text_start, text);
    sha256_put(&hash, __rodata_start, rodata);
    sha256_end(&hash, own.sha256);
    hostlink_reply(MESSAGE_IDENTITY, sequence, RESULT_OK, &own, sizeof own);
}

static void answer_status(uint32_t sequence)
{
    const struct link_status own = {
        .ticks = box->header.ticks,
        .instructions = box->header.instructions,
        .stack_used = hostlink_busy() ? ~0u : core_stack_used(),
        .lost = hostlink.lost,
        .bad = hostlink.bad,
        .stale = hostlink.stale,
        .dropped = hostlink.dropped,
    };
    hostlink_reply(MESSAGE_STATUS, sequence, RESULT_OK, &own, sizeof own);
}

/* Reading needs no order: the same question gets the newest answer. 1 where it was one. */
uint32_t hostlink_answer(uint32_t type, uint32_t sequence)
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
        hostlink_fill_crash(&crash);
        hostlink_reply(MESSAGE_REPORT, sequence, RESULT_OK, &crash, sizeof crash);
        return 1;
    default:
        return 0;
    }
}
