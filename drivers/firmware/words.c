/* Writes the crash record as text: what a person at a terminal needs without a host. */
#include "words.h"
#include "board.h"
#include "core.h"
#include "protocol.h"

static const char *fault_name(uint32_t fault)
{
    switch (fault) {
    case FAULT_TRAP:
        return "trap";
    case FAULT_KERNEL:
        return "the kernel raised";
    case FAULT_STACK:
        return "stack overflow";
    case FAULT_HOST_LOST:
        return "the host fell silent";
    case FAULT_LIMIT:
        return "an output beyond its limit";
    case FAULT_OVERRUN:
        return "a tick overran its period";
    case FAULT_NAN:
        return "a NaN in the output";
    default:
        return "unknown";
    }
}

static void write_hex(const char *name, uint64_t value)
{
    char text[17], *at = &text[16];
    *at = 0;
    do {
        *--at = "0123456789abcdef"[value & 15u];
        value >>= 4;
    } while (value);
    uart_write(name);
    uart_write(at);
}

void words_write_fault(void)
{
    uart_write("\r\nmillhand fault: ");
    uart_write(fault_name(box->header.fault));
    write_hex(", tick 0x", box->header.ticks);
    if (box->header.fault == FAULT_TRAP || box->header.fault == FAULT_OVERRUN) {
        write_hex(", mcause 0x", box->header.mcause);
        write_hex(", mepc 0x", box->header.mepc);
        write_hex(", mtval 0x", box->header.mtval);
        write_hex(", ra 0x", box->header.x[0]);
        write_hex(", sp 0x", box->header.x[1]);
    }
    uart_write("; motors off\r\n");
}
