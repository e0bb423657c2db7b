/* The firmware in lockstep: answers the mailbox, runs the controller's kernel, watches the host. */
#include "board.h"
#include "config.h"
#include "core.h"

static void zero_output(void) { core_clear(&box->output, sizeof box->output); }

void firmware_crash(unsigned long cause, unsigned long pc, unsigned long value)
{
    zero_output();
    core_record_trap(cause, pc, value);
    core_stop(FAULT_TRAP);
}

static void step(void)
{
    uint32_t raised = core_kernel((void *)&box->output);
    if (raised) {
        box->header.mtval = raised;
        core_stop(FAULT_KERNEL);
    }
    if (core_stack_overflowed())
        core_stop(FAULT_STACK);
}

static void load(void)
{
    core_clear(&box->state, sizeof box->state);
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
            core_stop(FAULT_HOST_LOST);
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
    core_boot();
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
            box->header.stack_used = core_stack_used();
        else if (command == COMMAND_STOP)
            break;
        else if (command != COMMAND_RUN && command != COMMAND_STEP)
            core_stop(FAULT_COMMAND);
        answer(seen);
        if (command == COMMAND_RUN && ready)
            run(seen);
    }
    zero_output();
    box->header.status = STATUS_STOPPED;
    answer(seen);
}
