/* The firmware on its own: control at the timer's pace, commanded over the host link.
 *
 * A tick steps the kernel into memory of its own; only what the guard passes reaches the motors.
 * A fault stops them first, then is recorded and told; nothing moves until the host clears it. */
#include "board.h"
#include "config.h"
#include "core.h"
#include "guard.h"
#include "hostlink.h"
#include "motors.h"
#include "protocol.h"
#include "words.h"

/* The UART is looked at this often while nothing else is to do: 16 bytes, the FIFO of the
 * smallest, take longer up to 1.6 Mbaud. */
#define LOOKS_HZ 10000u
#define LOOK (TIMER_HZ / LOOKS_HZ ? TIMER_HZ / LOOKS_HZ : 1u)

/* A report may be lost on the way: it is repeated, ever more seldom, until the host speaks. */
#define REPEAT (TIMER_HZ / 10u + 1u)

static struct mailbox_output output;
static uint64_t repeat_at, repeat_after;
static volatile uint32_t crashing;

static void clear_trap(void)
{
    box->header.mcause = box->header.mepc = box->header.mtval = 0;
    core_clear(box->header.x, sizeof box->header.x);
}

static void show_state(void)
{
    box->header.state = hostlink.machine.state;
    if (hostlink.machine.state != STATE_FAULT)
        box->header.status =
            state_may_move(&hostlink.machine) ? STATUS_RUNNING : STATUS_READY;
}

/* The motors have been stopped before anything here can take time. */
static void tell_fault(uint32_t fault)
{
    (void)state_event(&hostlink.machine, EVENT_FAULT, fault);
    core_stop(hostlink.machine.fault);
    show_state();
    /* What waits to be sent is older than this; words and record go out whole. */
    hostlink.sent = hostlink.encoder.head;
    while (!uart_put(0)) /* ends a frame that is half sent */
        ;
    words_write_fault();
    hostlink_send_fault();
    hostlink.heard_in_fault = 0;
    repeat_after = REPEAT;
    repeat_at = timer_now() + repeat_after;
}

static void repeat_fault(uint64_t now)
{
    if (hostlink.machine.state != STATE_FAULT || hostlink.heard_in_fault || now < repeat_at)
        return;
    hostlink_send_fault();
    repeat_after *= 2u;
    repeat_at = now + repeat_after;
}

static void fault(uint32_t why)
{
    motors_stop();
    clear_trap();
    tell_fault(why);
}

/* Step the kernel with the tick's end as a deadline; the fault it ends in, or FAULT_NONE. */
static uint32_t step(uint64_t deadline)
{
    timer_interrupt_at(deadline);
    uint32_t raised = core_kernel(&output);
    timer_interrupt_off();
    if (raised)
        return FAULT_KERNEL;
    if (core_stack_overflowed())
        return FAULT_STACK;
    if (timer_now() >= deadline)
        return FAULT_OVERRUN;
    return guard_check((const uint8_t *)&output, hostlink.limits, hostlink.flags);
}

static void take_input(void)
{
    if (!hostlink.input_complete)
        return;
    hostlink.input_complete = 0;
    const uint8_t *from = (const uint8_t *)&hostlink.input;
    volatile uint8_t *to = (volatile uint8_t *)&box->input;
    for (uint32_t i = 0; i < sizeof hostlink.input; i++)
        to[i] = from[i];
}

static void tick(void)
{
    uint64_t deadline = hostlink.due + hostlink.period;
    if (watchdog_tick(&hostlink.watchdog)) {
        fault(FAULT_HOST_LOST);
        return;
    }
    if (!state_may_move(&hostlink.machine)) { /* armed: only the watchdog counts */
        hostlink.due = deadline;
        return;
    }
    if (timer_now() >= deadline) {
        fault(FAULT_OVERRUN);
        return;
    }
    take_input();
    uint32_t sequence = hostlink.input_sequence;
    uint32_t why = step(deadline);
    if (why != FAULT_NONE) {
        fault(why);
        return;
    }
    motors_write(&output);
    if (hostlink.every && box->header.ticks % hostlink.every == 0)
        hostlink_send_output(sequence);
    hostlink.due = deadline;
}

static uint32_t ticking(void)
{
    return hostlink.machine.state == STATE_ARMED || hostlink.machine.state == STATE_RUNNING;
}

static void run(void)
{
    for (;;) {
        hostlink_poll();
        show_state();
        uint64_t now = timer_now(), wake = now + LOOK;
        repeat_fault(now);
        if (ticking() && now >= hostlink.due) {
            tick();
            continue;
        }
        if (ticking() && hostlink.due < wake)
            wake = hostlink.due;
        timer_sleep_until(wake);
    }
}

/* A trap: the kernel's fault, or its tick's end if it has not come back by then. */
void firmware_crash(unsigned long cause, unsigned long pc, unsigned long value)
{
    motors_stop();
    if (crashing) /* a trap while telling of one: silence is all that is safe */
        return;
    crashing = 1;
    core_record_trap(cause, pc, value);
    tell_fault(cause == TRAP_TIMER ? FAULT_OVERRUN : FAULT_TRAP);
    crashing = 0;
    run();
}

void firmware_main(void)
{
    uart_start();
    timer_start();
    motors_start();
    motors_stop();
    core_boot();
    uart_write(BANNER);
    hostlink_start();
    run();
}
