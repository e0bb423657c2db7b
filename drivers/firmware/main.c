/* The firmware: answers the mailbox, runs the controller's kernel, watches over the host. */
#include "board.h"
#include "config.h"
#include "mailbox.h"

#define box ((volatile struct mailbox *)(uintptr_t)MAILBOX_BASE)

int32_t millhand_step(void *params, void *state, const void *input, void *output);
void firmware_main(void);
void firmware_crash(unsigned long cause, unsigned long pc, unsigned long value);

extern uint32_t __stack_bottom[], __stack_top[];

static void clear(volatile void *area, uint32_t size)
{
    volatile uint8_t *bytes = area;
    for (uint32_t i = 0; i < size; i++)
        bytes[i] = 0;
}

static void zero_output(void) { clear(&box->output, sizeof box->output); }

static void fail(uint32_t fault)
{
    zero_output();
    box->header.fault = fault;
    memory_fence();
    box->header.status = STATUS_FAULT;
}

void firmware_crash(unsigned long cause, unsigned long pc, unsigned long value)
{
    box->header.mcause = cause;
    box->header.mepc = pc;
    box->header.mtval = value;
    fail(FAULT_TRAP);
}

static uint32_t stack_used(void)
{
    uint32_t *word = __stack_bottom;
    while (word < __stack_top && *word == STACK_PAINT)
        word++;
    return (uint32_t)((__stack_top - word) * sizeof *word);
}

/* One control step on the mailbox's own memory. Only the kernel's instructions are counted. */
static void step(void)
{
    unsigned long before = instructions_now();
    int32_t raised = millhand_step((void *)&box->params, (void *)&box->state,
                                   (const void *)&box->input, (void *)&box->output);
    unsigned long after = instructions_now();
    box->header.instructions = (uint32_t)(after - before);
    box->header.ticks++;
    if (raised) {
        box->header.mtval = (uint32_t)raised;
        fail(FAULT_KERNEL);
    }
    if (__stack_bottom[0] != STACK_PAINT)
        fail(FAULT_STACK);
}

static void load(void)
{
    clear(&box->state, sizeof box->state);
    zero_output();
    box->header.ticks = 0;
    box->header.instructions = 0;
    box->header.fault = FAULT_NONE;
    box->header.status = STATUS_READY;
}

/* Wait for the host. Looks a while, then sleeps for a moment at a time, so that a host that
 * shares our CPU gets it. A sleep's length is the host's choice: it knows what it runs on. */
static void wait_for_request(uint32_t seen)
{
    for (;;) {
        for (uint32_t looks = box->header.looks; looks; looks--)
            if (box->header.request != seen)
                return;
        timer_sleep_until(timer_now() + box->header.doze);
    }
}

/* Free-running control at the timer's pace, until the next request or the watchdog ends it. */
static void run(uint32_t seen)
{
    uint32_t beat = box->header.heartbeat;
    uint64_t now = timer_now(), due = now, alive = now;
    box->header.status = STATUS_RUNNING;
    while (box->header.request == seen && box->header.status == STATUS_RUNNING) {
        due += box->header.period;
        while (timer_now() < due)
            timer_sleep_until(due);
        now = timer_now();
        if (box->header.heartbeat != beat) {
            beat = box->header.heartbeat;
            alive = now;
        }
        if (now - alive > box->header.watchdog)
            fail(FAULT_HOST_LOST);
        else
            step();
    }
    if (box->header.status == STATUS_RUNNING)
        box->header.status = STATUS_READY;
}

static void answer(uint32_t sequence)
{
    memory_fence();
    box->header.reply = sequence;
}

void firmware_main(void)
{
    uart_start();
    timer_start();
    uart_write(BANNER);
    uint32_t seen = 0;
    clear(&box->header, sizeof box->header);
    box->header.version = MAILBOX_VERSION;
    box->header.layout = MAILBOX_LAYOUT;
    box->header.size = sizeof(struct mailbox);
    box->header.looks = 100;
    box->header.doze = 1;
    box->header.status = STATUS_READY;
    memory_fence();
    box->header.magic = MAILBOX_MAGIC;
    for (;;) {
        wait_for_request(seen);
        seen = box->header.request;
        memory_fence();
        uint32_t command = box->header.command;
        uint32_t ready = box->header.status == STATUS_READY;
        if (command == COMMAND_LOAD)
            load();
        else if (command == COMMAND_STEP && ready)
            step();
        else if (command == COMMAND_STACK)
            box->header.stack_used = stack_used();
        else if (command == COMMAND_STOP)
            break;
        else if (command != COMMAND_RUN && command != COMMAND_STEP)
            fail(FAULT_COMMAND);
        answer(seen);
        if (command == COMMAND_RUN && ready)
            run(seen);
    }
    zero_output();
    box->header.status = STATUS_STOPPED;
    answer(seen);
}
