/* DesignWare's APB UART as far as the driver can see it, for the host: 16550 registers 4 bytes
 * apart; a byte access is counted as wrong. */
#include "mmio.h"

uint32_t model_sent[64], model_sends, model_queue[64], model_queued, model_taken;
uint32_t model_line, model_divisor, model_wrong, model_full;

uint32_t mmio_read32(uintptr_t address)
{
    switch ((address & 0xffu) >> 2) {
    case 0:
        return model_taken < model_queued ? model_queue[model_taken++] : 0u;
    case 5:
        return (model_taken < model_queued ? 0x01u : 0u) | (model_full ? 0u : 0x60u);
    default:
        return 0;
    }
}

void mmio_write32(uintptr_t address, uint32_t value)
{
    uint32_t number = (uint32_t)(address & 0xffu) >> 2;
    if (number == 3u)
        model_line = value;
    else if (number < 2u && model_line & 0x80u)
        model_divisor = number ? (model_divisor & 0xffu) | value << 8
                               : (model_divisor & 0xff00u) | value;
    else if (number == 0u && model_sends < 64u)
        model_sent[model_sends++] = value;
}

uint32_t mmio_read8(uintptr_t address)
{
    model_wrong++;
    return (uint32_t)address & 0u;
}

void mmio_write8(uintptr_t address, uint32_t value)
{
    (void)address;
    (void)value;
    model_wrong++;
}
