/* The mailbox's upkeep, one step of the kernel, and the crash record. */
#include "core.h"
#include "board.h"
#include "config.h"

int32_t millhand_step(void *params, void *state, const void *input, void *output);

extern uint32_t __stack_bottom[], __stack_top[];
extern unsigned long trap_registers[31]; /* x1..x31, written by start.S */

void core_clear(volatile void *area, uint32_t size)
{
    volatile uint8_t *bytes = area;
    for (uint32_t i = 0; i < size; i++)
        bytes[i] = 0;
}

/* Everything a host looks at, the magic number last. */
void core_boot(void)
{
    core_clear(&box->header, sizeof box->header);
    core_clear(&box->output, sizeof box->output);
    box->header.version = MAILBOX_VERSION;
    box->header.layout = MAILBOX_LAYOUT;
    box->header.size = sizeof(struct mailbox);
    box->header.looks = 100;
    box->header.doze = 1;
    box->header.status = STATUS_READY;
    memory_fence();
    box->header.magic = MAILBOX_MAGIC;
}

/* One control step; not zero where the kernel raised. Only its own instructions are counted. */
uint32_t core_kernel(void *output)
{
    unsigned long before = instructions_now();
    int32_t raised = millhand_step((void *)&box->params, (void *)&box->state,
                                   (const void *)&box->input, output);
    unsigned long after = instructions_now();
    box->header.instructions = (uint32_t)(after - before);
    box->header.ticks++;
    return (uint32_t)raised;
}

uint32_t core_stack_used(void)
{
    uint32_t *word = __stack_bottom;
    while (word < __stack_top && *word == STACK_PAINT)
        word++;
    return (uint32_t)((__stack_top - word) * sizeof *word);
}

uint32_t core_stack_overflowed(void) { return __stack_bottom[0] != STACK_PAINT; }

/* The output is zero before anybody can read why. */
void core_stop(uint32_t fault)
{
    core_clear(&box->output, sizeof box->output);
    box->header.fault = fault;
    memory_fence();
    box->header.status = STATUS_FAULT;
}

void core_record_trap(unsigned long cause, unsigned long pc, unsigned long value)
{
    box->header.mcause = cause;
    box->header.mepc = pc;
    box->header.mtval = value;
    for (uint32_t i = 0; i < 31; i++)
        box->header.x[i] = trap_registers[i];
}
